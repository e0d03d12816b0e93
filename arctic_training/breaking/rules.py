"""All rules, in the order in which they are documented."""

from __future__ import annotations

from typing import Final

from arctic_training.breaking.checkpoint_rules import CHECKPOINT_RULES, TRAINER_REMOVED
from arctic_training.breaking.key_rules import KEY_RULES
from arctic_training.breaking.limit_rules import LIMIT_RULES
from arctic_training.breaking.loss_rules import LOSS_RULES
from arctic_training.breaking.python_rules import PYTHON_RULES
from arctic_training.breaking.recipe_rules import RECIPE_RULES
from arctic_training.breaking.rule import BreakingRule
from arctic_training.definition.rules import rules_by_name

__all__ = ["RULES"]

RULES: Final[dict[str, BreakingRule]] = rules_by_name(
    (TRAINER_REMOVED,),
    CHECKPOINT_RULES,
    KEY_RULES,
    RECIPE_RULES,
    LIMIT_RULES,
    PYTHON_RULES,
    LOSS_RULES,
)
"""Every rule by its name: what breaks most comes first."""
