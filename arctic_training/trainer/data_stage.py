"""The data of a recipe, prepared without a model, an engine or a process group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar, cast

from transformers import PreTrainedTokenizerBase

from arctic_training.config.trainer import TrainerConfig
from arctic_training.data.loader import EpochLoader
from arctic_training.data.threads import use_threads
from arctic_training.errors import UnusableRecipeError
from arctic_training.launcher.world import World
from arctic_training.trainer.context import TrainerContext
from arctic_training.trainer.loaders import evaluation_factories
from arctic_training.trainer.process import seed_everything
from arctic_training.trainer.progress import Progress, new_progress, running
from arctic_training.trainer.row_length import with_row_length
from arctic_training.trainer.slots import taking
from arctic_training.trainer.trainer import Trainer

__all__ = ["DataStage"]

BatchT = TypeVar("BatchT", bound=Mapping[str, object])


class DataStage(Generic[BatchT]):
    """What stands of a trainer when its data is prepared: the recipe and the tokenizer."""

    def __init__(
        self, trainer_class: type[Trainer[TrainerConfig, BatchT]], config: TrainerConfig
    ) -> None:
        """Build the tokenizer as a run does.

        Raises:
            UnusableRecipeError: with all that could be found wrong before anything was prepared.
            RecipeError: the tokenizer cannot be made.

        """
        self.config = config
        self.world = World.of_environment()
        self.progress: Progress = new_progress(config, self.world)
        trainer = cast("TrainerContext", self)  # the parts use no more of a trainer
        model = taking(trainer_class.model_factory_type, config.model)(trainer, config.model)
        with running(self.progress, "reading the model's configuration"):
            self.config = config = with_row_length(config, lambda: model)
        self.data = taking(trainer_class.data_factory_type, config.data)(trainer, config.data)
        self.evaluated = evaluation_factories(self.data)
        tokenizer = taking(trainer_class.tokenizer_factory_type, config.tokenizer)(
            trainer, config.tokenizer
        )
        sized = () if config.data.max_length else (model,)
        parts = (self.data, *self.evaluated.values(), tokenizer, *sized)
        if problems := [problem for part in parts for problem in part.problems()]:
            raise UnusableRecipeError(problems)
        seed_everything(config.seed)
        use_threads(config.data.num_proc)
        with running(self.progress, "loading the tokenizer"):
            self.tokenizer: PreTrainedTokenizerBase = tokenizer.create()

    def note(self, text: str) -> None:
        """Tell the user something, once."""
        self.progress.note(text)

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
        if self.config.data.streaming:
            message = "what is read while training is not prepared before"
            raise self.data.problem("streaming", message, code="not-allowed")
        self.training_data()
        for name, factory in self.evaluated.items():
            self.note(f"evaluation set `{name}`")
            with running(self.progress, f"preparing `{name}`"):
                factory.create()
