"""Recipes before a run: read, overridden, checked and completed, without pydantic or torch."""

from __future__ import annotations

from arctic_training.recipe.check import CheckedRecipe, check_recipe, migrated_recipe
from arctic_training.recipe.overrides import apply_overrides

__all__ = ["CheckedRecipe", "apply_overrides", "check_recipe", "migrated_recipe"]
