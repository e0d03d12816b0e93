"""The trainer: what it is made of, and how it is built before its loop begins."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from typing import Generic, Literal, Self, TypeVar

from torch import nn

from arctic_training.callback.callbacks import callback_problems
from arctic_training.checkpoint.engine import CheckpointEngine
from arctic_training.checkpoint.resume import begin_or_resume
from arctic_training.checkpoint.shared_filesystem import check_shared
from arctic_training.config.base import SectionConfig
from arctic_training.config.checkpoint import CheckpointConfig
from arctic_training.config.data import DataConfig
from arctic_training.config.model import ModelConfig
from arctic_training.config.optimizer import OptimizerConfig
from arctic_training.config.scheduler import SchedulerConfig
from arctic_training.config.tokenizer import TokenizerConfig
from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.factory import Component
from arctic_training.core.foreign_members import foreign_member_problems
from arctic_training.core.mesh import World
from arctic_training.core.one_of import OneOf
from arctic_training.core.random_state import random_numbers, replayed
from arctic_training.core.registry import Registered
from arctic_training.core.seeding import seed_process
from arctic_training.core.state import Schedule
from arctic_training.data.factory import DataFactory
from arctic_training.data.tokenizing import use_threads
from arctic_training.engines.deepspeed.engine import DeepSpeedEngine
from arctic_training.model.factory import ModelFactory
from arctic_training.model.frozen import FrozenModels
from arctic_training.optimizer.factory import OptimizerFactory
from arctic_training.project.interface import INTERFACE, mismatch
from arctic_training.scheduler.factory import SchedulerFactory
from arctic_training.scheduler.resume import restore_learning_rates
from arctic_training.tokenizer.factory import TokenizerFactory
from arctic_training.tracker.tracker import start_trackers
from arctic_training.trainer.components import Parts
from arctic_training.trainer.loaders import (
    evaluation_loaders,
    train_loader,
)
from arctic_training.trainer.loop import TrainingLoop
from arctic_training.trainer.max_length import resolve_max_length
from arctic_training.trainer.meter import Meter
from arctic_training.trainer.process import prepare_process
from arctic_training.trainer.progress import running
from arctic_training.trainer.slots import slot_problems, taking, use_own_slots
from arctic_training.trainer.vocabulary import check_vocabulary

__all__ = ["Trainer"]

Config_co = TypeVar("Config_co", bound=TrainerConfig, covariant=True)
BatchT = TypeVar("BatchT", bound=Mapping[str, object])
ComponentT = TypeVar("ComponentT", bound=Component[SectionConfig])


class Trainer(TrainingLoop[Config_co, BatchT], Registered, Generic[Config_co, BatchT], root=True):
    """Trains a model after a recipe.

    A trainer is made from a definition by ``arctic-gen``, or written by hand as a subclass. It
    names its parts in the attributes below and brings a ``loss``; ``train``, ``epoch``, ``step``
    and ``checkpoint`` may be overridden. Its config type and its batch type are the arguments of
    the base: ``class MyTrainer(Trainer[MyTrainerConfig, SFTBatch])``.
    """

    name: str
    """Name of the trainer, which a recipe gives as its ``type``."""

    config_type: type[Config_co]
    """Model of the recipe."""

    data_factory_type: OneOf[type[DataFactory[DataConfig, BatchT]]]
    """Data factories that a recipe may choose."""

    model_factory_type: OneOf[type[ModelFactory[ModelConfig]]]
    """Model factories that a recipe may choose."""

    checkpoint_engine_type: OneOf[type[CheckpointEngine[CheckpointConfig]]]
    """Checkpoint engines that a recipe may choose."""

    optimizer_factory_type: OneOf[type[OptimizerFactory[OptimizerConfig]]]
    """Optimizer factories that a recipe may choose."""

    scheduler_factory_type: OneOf[type[SchedulerFactory[SchedulerConfig]]]
    """Scheduler factories that a recipe may choose."""

    tokenizer_factory_type: OneOf[type[TokenizerFactory[TokenizerConfig]]]
    """Tokenizer factories that a recipe may choose."""

    coupling: Literal["sample", "micro_batch", "global_batch"] = "sample"
    """What the loss mixes: it decides how a batch may be cut without changing the step."""

    def __init_subclass__(
        cls, *, root: bool = False, abstract: bool = False, interface: int = INTERFACE
    ) -> None:
        """Check and register the class; ``interface`` is the one that it was generated for."""
        if interface != INTERFACE:
            raise mismatch(cls.__module__, interface)
        if not root:
            use_own_slots(cls, Trainer)
        super().__init_subclass__(root=root, abstract=abstract)

    # A generated trainer overrides these and says which of its factories takes which section,
    # so that mypy sees every pair.

    def make_data_factory(self) -> DataFactory[DataConfig, BatchT]:
        """Return the data factory that the recipe chooses."""
        return self._chosen(self.data_factory_type, self.config.data)

    def make_model_factory(self) -> ModelFactory[ModelConfig]:
        """Return the model factory that the recipe chooses."""
        return self._chosen(self.model_factory_type, self.config.model)

    def make_frozen_model_factories(self) -> Iterator[ModelFactory[ModelConfig]]:
        """Iterate over the model factories of the nested sections that the config has."""
        return iter(())

    def make_checkpoint_engines(self) -> Iterator[CheckpointEngine[CheckpointConfig]]:
        """Iterate over the checkpoint engines that the recipe chooses."""
        for section in self.config.checkpoint:
            yield self._chosen(self.checkpoint_engine_type, section)

    def make_optimizer_factory(self) -> OptimizerFactory[OptimizerConfig]:
        """Return the optimizer factory that the recipe chooses."""
        return self._chosen(self.optimizer_factory_type, self.config.optimizer)

    def make_scheduler_factory(self) -> SchedulerFactory[SchedulerConfig]:
        """Return the scheduler factory that the recipe chooses."""
        return self._chosen(self.scheduler_factory_type, self.config.scheduler)

    def make_tokenizer_factory(self) -> TokenizerFactory[TokenizerConfig]:
        """Return the tokenizer factory that the recipe chooses."""
        return self._chosen(self.tokenizer_factory_type, self.config.tokenizer)

    def _chosen(self, types: OneOf[type[ComponentT]], section: SectionConfig) -> ComponentT:
        return taking(types, section)(self, section)

    def __init__(self, config: Config_co) -> None:
        """Build every part, in order, and resume from a checkpoint if the recipe asks for it.

        Raises:
            UnusableRecipeError: with all that could be found wrong before anything was prepared.
            RecipeError: what was found wrong with one part while it was prepared.
            TrainingError: the process cannot train.

        """
        self.config = config
        config = self._begin()
        self._parts = parts = Parts.of(self)
        self.checkpoint_engines = parts.checkpoint
        with running(self.progress, "checking the environment, models and data"):
            parts.check(config)
            prepare_process(self.mesh, config)
            check_shared(parts.checkpoint, self.mesh)
        use_threads(config.data.num_proc)
        with running(self.progress, "loading the tokenizer"):
            self.tokenizer = parts.tokenizer.create()
            models = (parts.model, *parts.frozen)
            check_vocabulary(self.tokenizer, models, (parts.data, *parts.evaluated.values()))
        with running(self.progress, "preparing the data"):
            self.train_dataloader = train_loader(parts.data)
            self.eval_dataloaders = evaluation_loaders(parts.evaluated)
        batches = len(self.train_dataloader)
        self.schedule = Schedule.of(config, batches, self.inner_steps).checked()
        self._last_step = self.schedule.last_step(config, 0)
        self._memory_profile.begin("e2e")
        drawn = random_numbers()
        with running(self.progress, "loading the model"):
            self.model = parts.model.create().to(self.device)
            with replayed(drawn):
                self._frozen_models = FrozenModels(parts.frozen, self.device)
        with running(self.progress, "initializing the optimizer and DeepSpeed"):
            self.optimizer = parts.optimizer.create()
            self.scheduler = parts.scheduler.create()
            self._meter = Meter(self.model, self.device, self.mesh)
            self.engine = DeepSpeedEngine(
                self.model, self.optimizer, self.scheduler, config, self.mesh
            )
        weakref.finalize(self, self.engine.close).atexit = False
        self.model = self.engine.model
        seed_process(self.mesh, config)
        with running(self.progress, "restoring the state of the run"):
            self._resume()
            self._trackers = start_trackers(config, self.state) if self.mesh.is_first else []

    @property
    def world(self) -> World:
        """Rank and number of processes; `mesh` has the size of each axis."""
        return self.mesh.world

    @classmethod
    def unbuilt(cls, config: TrainerConfig) -> Self:
        """Return a trainer of which no part is built: what makes its factories is there."""
        trainer = cls.__new__(cls)
        vars(trainer)["config"] = config
        Trainer._begin(trainer)
        return trainer

    def _begin(self) -> Config_co:
        """Assign the state that needs no part; return the recipe, with the length of its rows."""
        super()._initialize()
        with running(self.progress, "reading the model's configuration"):
            self.config = config = resolve_max_length(self.config, self.make_model_factory)
        return config

    @property
    def warmup_steps(self) -> int:
        """Optimizer steps in which the learning rate rises."""
        return self._parts.scheduler.config.warmup_steps(self.training_horizon)

    def frozen_model(self, section: ModelConfig) -> nn.Module:
        """Return the model of a nested section: ``trainer.frozen_model(trainer.config.ref_model)``.

        It gives no gradient, is in evaluation mode, and is replicated on every process. Its random
        weights are drawn as the trained model's are: a section that equals `model` makes the same.

        Raises:
            TrainingError: no model was built from the section.

        """
        return self._frozen_models.of(section)

    def _resume(self) -> None:
        planned = self.state.inner_steps = self.schedule.inner_steps
        begin_or_resume(self.checkpoint_engines, self.config)
        restore_learning_rates(self.scheduler)
        self.state.continue_with(self.schedule, self.mesh.size("data"))
        self._first_step = self.state.global_step
        self._expect_inner_steps(planned if planned > 1 else self.state.inner_steps)

    @classmethod
    def _definition_problems(cls) -> list[str]:
        problems = [*super()._definition_problems(), *foreign_member_problems(cls)]
        config_type = getattr(cls, "config_type", None)
        if not (isinstance(config_type, type) and issubclass(config_type, TrainerConfig)):
            return [*problems, "its `config_type` is not a TrainerConfig"]
        return [*problems, *slot_problems(cls, config_type), *callback_problems(cls)]
