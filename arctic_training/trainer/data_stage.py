"""The data of a recipe, prepared without a model, an engine or a process group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

from transformers import PreTrainedTokenizerBase

from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.seeding import seed_everything
from arctic_training.data.factories.honoured_keys import ignored_keys, uncached_problem
from arctic_training.data.loading.loader import EpochLoader
from arctic_training.data.tokenizing import use_threads
from arctic_training.errors import UnusableRecipeError
from arctic_training.trainer.loaders import evaluation_factories
from arctic_training.trainer.progress import Progress, running
from arctic_training.trainer.trainer import Trainer
from arctic_training.trainer.vocabulary import check_vocabulary

__all__ = ["DataStage"]

BatchT = TypeVar("BatchT", bound=Mapping[str, object])


class DataStage(Generic[BatchT]):
    """Prepares data with the factories that the trainer makes, as a run does, and nothing else."""

    def __init__(
        self, trainer_class: type[Trainer[TrainerConfig, BatchT]], config: TrainerConfig
    ) -> None:
        """Build the tokenizer as a run does.

        Raises:
            UnusableRecipeError: with all that could be found wrong before anything was prepared.
            RecipeError: the tokenizer cannot be made.

        """
        self.trainer = trainer = trainer_class.unbuilt(config)
        self.data = trainer.make_data_factory()
        self.evaluated = evaluation_factories(self.data)
        tokenizer, model = trainer.make_tokenizer_factory(), trainer.make_model_factory()
        sized = () if trainer.config.data.max_length else (model,)
        parts = (self.data, *self.evaluated.values(), tokenizer, *sized)
        problems = [problem for part in parts for problem in part.problems()]
        for data in (self.data, *self.evaluated.values()):
            problems += ignored_keys(data)
        if problems:
            raise UnusableRecipeError(problems)
        seed_everything(config.seed)
        use_threads(config.data.num_proc)
        with running(trainer.progress, "loading the tokenizer"):
            trainer.tokenizer = tokenizer.create()
            models = (model, *trainer.make_frozen_model_factories())
            check_vocabulary(self.tokenizer, models, (self.data, *self.evaluated.values()))

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer that the data is prepared with."""
        return self.trainer.tokenizer

    @property
    def progress(self) -> Progress:
        """What shows the preparation to a person."""
        return self.trainer.progress

    @progress.setter
    def progress(self, progress: Progress) -> None:
        self.trainer.progress = progress

    def note(self, text: str) -> None:
        """Tell the user something, once."""
        self.trainer.note(text)

    def training_data(self) -> EpochLoader[BatchT]:
        """Prepare and return the training data.

        Raises:
            RecipeError: it cannot be prepared.

        """
        with running(self.progress, "preparing the data"):
            return self.data.create()

    def prepare_all(self) -> None:
        """Prepare the training data and every evaluation set.

        Raises:
            RecipeError: one cannot be prepared.

        """
        if self.trainer.config.data.streaming:
            message = "what is read while training is not prepared before"
            raise self.data.problem("streaming", message, code="conflict")
        if problem := uncached_problem(self.data):
            raise problem
        self.training_data()
        for name, factory in self.evaluated.items():
            self.note(f"evaluation set `{name}`")
            with running(self.progress, f"preparing `{name}`"):
                factory.create()
