"""The parts that a trainer is built by, one for each section of its recipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

from arctic_training.checkpoint.engine import CheckpointEngine
from arctic_training.checkpoint.output_dir_lock import occupied_problems
from arctic_training.checkpoint.resume import earlier_run_problems
from arctic_training.config.base import SectionConfig
from arctic_training.config.checkpoint import CheckpointConfig
from arctic_training.config.data import DataConfig
from arctic_training.config.model import ModelConfig
from arctic_training.config.optimizer import OptimizerConfig
from arctic_training.config.scheduler import SchedulerConfig
from arctic_training.config.tokenizer import TokenizerConfig
from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.factory import Component
from arctic_training.data.factories.honoured_keys import ignored_keys
from arctic_training.data.factory import DataFactory
from arctic_training.engines.deepspeed.derived_config import engine_problems
from arctic_training.errors import RecipeError, UnusableRecipeError
from arctic_training.model.factory import ModelFactory
from arctic_training.model.frozen import frozen_problems
from arctic_training.optimizer.factory import OptimizerFactory
from arctic_training.scheduler.factory import SchedulerFactory
from arctic_training.tokenizer.factory import TokenizerFactory
from arctic_training.tracker.tracker import tracker_problems
from arctic_training.trainer.loaders import evaluation_factories, evaluation_problems
from arctic_training.trainer.memory_profile import memory_profile_problems
from arctic_training.trainer.slots import optional_components

__all__ = ["Parts"]

BatchT = TypeVar("BatchT", bound=Mapping[str, object])


class _Maker(Protocol[BatchT]):
    """What makes the parts: a trainer."""

    def make_data_factory(self) -> DataFactory[DataConfig, BatchT]: ...
    def make_model_factory(self) -> ModelFactory[ModelConfig]: ...
    def make_frozen_model_factories(self) -> Iterator[ModelFactory[ModelConfig]]: ...
    def make_checkpoint_engines(self) -> Iterator[CheckpointEngine[CheckpointConfig]]: ...
    def make_optimizer_factory(self) -> OptimizerFactory[OptimizerConfig]: ...
    def make_scheduler_factory(self) -> SchedulerFactory[SchedulerConfig]: ...
    def make_tokenizer_factory(self) -> TokenizerFactory[TokenizerConfig]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts(Generic[BatchT]):
    """What the sections of a recipe are turned into by. Nothing is made or read yet."""

    data: DataFactory[DataConfig, BatchT]
    evaluated: Mapping[str, DataFactory[DataConfig, BatchT]]
    tokenizer: TokenizerFactory[TokenizerConfig]
    model: ModelFactory[ModelConfig]
    frozen: list[ModelFactory[ModelConfig]]
    optimizer: OptimizerFactory[OptimizerConfig]
    scheduler: SchedulerFactory[SchedulerConfig]
    checkpoint: list[CheckpointEngine[CheckpointConfig]]
    optional: list[Component[SectionConfig]]
    """Components of optional slots."""

    @classmethod
    def of(cls, trainer: _Maker[BatchT]) -> Self:
        """Return the parts that a trainer makes from its recipe."""
        data = trainer.make_data_factory()
        return cls(
            data=data,
            evaluated=evaluation_factories(data),
            tokenizer=trainer.make_tokenizer_factory(),
            model=trainer.make_model_factory(),
            frozen=list(trainer.make_frozen_model_factories()),
            optimizer=trainer.make_optimizer_factory(),
            scheduler=trainer.make_scheduler_factory(),
            checkpoint=list(trainer.make_checkpoint_engines()),
            optional=list(optional_components(trainer)),
        )

    def check(self, config: TrainerConfig) -> None:
        """Find all that can be found wrong before anything is prepared.

        Raises:
            UnusableRecipeError: with all of it.

        """
        if problems := [*self._problems(config)]:
            raise UnusableRecipeError(problems)

    def _problems(self, config: TrainerConfig) -> Iterator[RecipeError]:
        yield from evaluation_problems(config)
        yield from engine_problems(config)
        for data in (self.data, *self.evaluated.values()):
            yield from ignored_keys(data)
        for part in self._all():
            yield from part.problems()
        yield from frozen_problems(self.frozen)
        yield from occupied_problems(self.checkpoint)
        yield from earlier_run_problems(self.checkpoint, config)
        yield from memory_profile_problems(config)
        yield from tracker_problems(config)

    def _all(self) -> Iterator[Component[SectionConfig]]:
        yield from (self.data, *self.evaluated.values(), self.tokenizer, self.model)
        yield from (*self.frozen, self.optimizer, self.scheduler, *self.checkpoint)
        yield from self.optional
