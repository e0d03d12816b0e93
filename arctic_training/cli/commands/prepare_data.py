"""``arctic-train show-data`` and ``process-data``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arctic_training.api import configured
from arctic_training.cli.commands.show_data import show_rows
from arctic_training.recipe import CheckedRecipe
from arctic_training.terminal.activity import LOADING, activity

if TYPE_CHECKING:
    from arctic_training.api import AnyTrainer

__all__ = ["process_data", "show_data"]


def show_data(recipe: CheckedRecipe, rows: int) -> None:
    """Prepare the training data, and print its first rows."""
    with activity(LOADING):
        config = configured(recipe)
        from arctic_training.trainer.data_stage import DataStage
        from arctic_training.trainer.trainer import Trainer

    trainer: type[AnyTrainer] = Trainer.named(recipe.trainer)
    stage = DataStage(trainer, config)
    show_rows(stage.tokenizer, stage.training_data().batches(0), rows)


def process_data(recipe: CheckedRecipe) -> None:
    """Prepare all data of a recipe into the cache, whether or not a run would do it itself."""
    with activity(LOADING):
        config = configured(recipe)
        from arctic_training.data.store.cache import DataCache
        from arctic_training.trainer.data_stage import DataStage
        from arctic_training.trainer.trainer import Trainer

    data = config.data.model_copy(update={"fail_on_missing_cache": False})
    trainer: type[AnyTrainer] = Trainer.named(recipe.trainer)
    stage = DataStage(trainer, config.model_copy(update={"data": data}))
    stage.prepare_all()
    root = DataCache.at(data.cache_dir, stage.note, is_complete=False).root
    stage.note(f"the data is ready, in {root}")
