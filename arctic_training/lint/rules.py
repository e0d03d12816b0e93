"""All rules, in the order in which they are documented."""

from __future__ import annotations

from typing import Final

from arctic_training.definition.rules import rules_by_name
from arctic_training.lint.baseline import BASELINE_RULES
from arctic_training.lint.field_rules import FIELD_RULES
from arctic_training.lint.file_rules import FILE_RULES
from arctic_training.lint.ignores import IGNORE_RULES
from arctic_training.lint.loss_rules import LOSS_RULES
from arctic_training.lint.rule import LintRule

__all__ = ["RULES"]

RULES: Final[dict[str, LintRule]] = rules_by_name(
    FIELD_RULES, LOSS_RULES, FILE_RULES, IGNORE_RULES, BASELINE_RULES
)
"""Every rule by its name."""
