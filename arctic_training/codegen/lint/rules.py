"""All rules, in the order in which they are documented."""

from __future__ import annotations

from typing import Final

from arctic_training.codegen.lint.baseline import BASELINE_RULES
from arctic_training.codegen.lint.field_rules import FIELD_RULES
from arctic_training.codegen.lint.file_rules import FILE_RULES
from arctic_training.codegen.lint.ignores import IGNORE_RULES
from arctic_training.codegen.lint.loss_rules import LOSS_RULES
from arctic_training.codegen.lint.rule import Rule

__all__ = ["RULES"]

RULES: Final[dict[str, Rule]] = {
    rule.name: rule
    for rules in (FIELD_RULES, LOSS_RULES, FILE_RULES, IGNORE_RULES, BASELINE_RULES)
    for rule in rules
}
"""Every rule by its name."""
