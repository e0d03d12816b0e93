"""Recipes before a run: read, overridden, checked and completed, without pydantic or torch."""

from __future__ import annotations

from arctic_training.recipe.check import (
    CheckedRecipe,
    check_recipe,
    migrated_recipe,
    recipe_schema,
    trainer_name,
)
from arctic_training.recipe.defaults import defaults
from arctic_training.recipe.outdated import outdated
from arctic_training.recipe.overrides import apply_overrides
from arctic_training.recipe.place import PLACE

__all__ = [
    "PLACE",
    "CheckedRecipe",
    "apply_overrides",
    "check_recipe",
    "defaults",
    "migrated_recipe",
    "outdated",
    "recipe_schema",
    "trainer_name",
]
