"""The resolved recipe beside what it made: every value, and it can be trained by again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from arctic_training.config.trainer import METRICS, TrainerConfig

__all__ = ["RECIPE", "as_json", "read_recipe", "write_recipe"]

RECIPE: Final = "recipe.json"
"""Name of the file in a checkpoint."""


def as_json(config: TrainerConfig) -> dict[str, object]:
    """Return a recipe, defaults and all, as JSON holds it."""
    values: dict[str, object] = json.loads(config.model_dump_json())
    if config.metrics_path != config.train_log_metrics_path:
        del values[METRICS]  # null would write none
    return values


def write_recipe(folder: Path, config: TrainerConfig) -> None:
    """Write a recipe into a checkpoint.

    Training with it again must not delete the checkpoint that contains it.
    """
    values = as_json(config) | {"overwrite_output_dir": False}
    (folder / RECIPE).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def read_recipe(folder: Path) -> dict[str, object]:
    """Return the values of the recipe in a checkpoint."""
    values: dict[str, object] = json.loads((folder / RECIPE).read_text(encoding="utf-8"))
    return values
