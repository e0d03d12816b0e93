"""A trainer of which no more stands than the tokenizer and the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from transformers import PreTrainedTokenizerBase

from arctic_training.config.trainer import TrainerConfig
from arctic_training.data.loader import EpochLoader
from arctic_training.errors import UnusableRecipeError
from arctic_training.launcher.world import World
from arctic_training.trainer.process import seed_everything
from arctic_training.trainer.progress import new_progress
from arctic_training.trainer.trainer import Trainer

__all__ = ["data_only"]

BatchT = TypeVar("BatchT", bound=Mapping[str, object])


def data_only(
    trainer_class: type[Trainer[TrainerConfig, BatchT]], config: TrainerConfig
) -> tuple[PreTrainedTokenizerBase, EpochLoader[BatchT]]:
    """Build the tokenizer and the training data of a recipe as a run would, and nothing else.

    Raises:
        UnusableRecipeError: with all that could be found wrong before the data was prepared.
        RecipeError: the data cannot be prepared.

    """
    trainer = trainer_class.__new__(trainer_class)
    trainer.config = config
    trainer.world = World.of_environment()
    trainer.progress = new_progress(config.train_log_iter_interval, trainer.world)
    data, tokenizer = trainer.make_data_factory(), trainer.make_tokenizer_factory()
    if problems := [*data.problems(), *tokenizer.problems()]:
        raise UnusableRecipeError(problems)
    seed_everything(config.seed)
    trainer.tokenizer = tokenizer.create()
    return trainer.tokenizer, data.create()
