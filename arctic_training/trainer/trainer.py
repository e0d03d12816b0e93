"""The trainer: what it is made of, and the loop that all trainers share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Generic, Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from transformers import PreTrainedTokenizerBase

from arctic_training.callback.callbacks import Callbacks, callback_problems
from arctic_training.callback.observed import Observed
from arctic_training.checkpoint.engine import CheckpointEngine
from arctic_training.checkpoint.random_numbers import random_numbers, replayed
from arctic_training.config.base import SectionConfig
from arctic_training.config.checkpoint import CheckpointConfig
from arctic_training.config.data import DataConfig
from arctic_training.config.model import ModelConfig
from arctic_training.config.optimizer import OptimizerConfig
from arctic_training.config.scheduler import SchedulerConfig
from arctic_training.config.tokenizer import TokenizerConfig
from arctic_training.config.trainer import TrainerConfig
from arctic_training.data.batches import squared_lengths
from arctic_training.data.factory import DataFactory
from arctic_training.data.loader import EpochLoader
from arctic_training.factory import Component
from arctic_training.interface import INTERFACE, mismatch
from arctic_training.launcher.world import World
from arctic_training.losses.output import LossOutput
from arctic_training.model.factory import ModelFactory
from arctic_training.model.frozen import FrozenModels
from arctic_training.optimizer.factory import OptimizerFactory
from arctic_training.registry import Registered
from arctic_training.scheduler.factory import SchedulerFactory
from arctic_training.scheduler.resumed import take_up
from arctic_training.tokenizer.factory import TokenizerFactory
from arctic_training.tracker.tracker import start_trackers
from arctic_training.trainer.device import to_device
from arctic_training.trainer.engine import Engine
from arctic_training.trainer.loaders import (
    evaluation_factories,
    evaluation_loaders,
    train_loader,
)
from arctic_training.trainer.memory_profile import MemoryProfile
from arctic_training.trainer.meter import Meter
from arctic_training.trainer.parts import Parts
from arctic_training.trainer.process import prepare_process, seed_process
from arctic_training.trainer.progress import Progress, new_progress
from arctic_training.trainer.report import EvaluationReport, Report, StepReport
from arctic_training.trainer.slots import SLOTS, OneOf, slot_problems, taking
from arctic_training.trainer.state import Schedule, TrainingState
from arctic_training.trainer.stop import StopRequests
from arctic_training.trainer.totals import GlobalBatch, Reduction, Totals

__all__ = ["Trainer"]

Config_co = TypeVar("Config_co", bound=TrainerConfig, covariant=True)
BatchT = TypeVar("BatchT", bound=Mapping[str, object])
ComponentT = TypeVar("ComponentT", bound=Component[SectionConfig])


class Trainer(Observed, Registered, ABC, Generic[Config_co, BatchT], root=True):
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

    metrics: Mapping[str, Reduction] = {}
    """The terms that the loss returns, and how each is reduced."""

    def __init_subclass__(
        cls, *, root: bool = False, abstract: bool = False, interface: int = INTERFACE
    ) -> None:
        """Check and register the class; ``interface`` is the one that it was generated for."""
        if interface != INTERFACE:
            raise mismatch(cls.__module__, interface)
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

    @abstractmethod
    def loss(self, batch: BatchT) -> LossOutput | Tensor:
        """Return the loss of a micro-batch as a sum and a count, with the declared terms.

        A plain scalar is taken as a mean; how the batch is cut then matters.
        """

    def __init__(self, config: Config_co) -> None:
        """Build every part, in order, and go on from a checkpoint if the recipe says so.

        Raises:
            UnusableRecipeError: with all that could be found wrong before anything was prepared.
            RecipeError: what was found wrong with one part while it was prepared.
            TrainingError: the process cannot train.

        """
        self.config = config
        self._callbacks = Callbacks(type(self))
        self.state = TrainingState()
        self.world = World.of_environment()
        self.progress: Progress = new_progress(config.train_log_iter_interval, self.world)
        self.epoch_finished = False
        self.training_finished = False
        self.is_stopping = False
        self.evaluations: dict[str, EvaluationReport] = {}
        self._global_batch = GlobalBatch(self.metrics)
        self._memory_profile = MemoryProfile(config, self.world)
        self._stop_requests = StopRequests(config.kill_switch_path, self.world)

        self._parts = parts = self._make_parts()
        self.checkpoint_engines = parts.checkpoint
        parts.check(config)

        prepare_process(self.world, config)
        self.tokenizer: PreTrainedTokenizerBase = parts.tokenizer.create()
        self.train_dataloader: EpochLoader[BatchT] = train_loader(parts.data)
        self.eval_dataloaders: Mapping[str, EpochLoader[BatchT]] = evaluation_loaders(
            parts.evaluated
        )
        self.schedule = Schedule.of(config, len(self.train_dataloader)).checked()
        self._memory_profile.begin("e2e")
        drawn = random_numbers()
        self.model: nn.Module = parts.model.create().to(self.device)
        with replayed(drawn):
            self._frozen_models = FrozenModels(parts.frozen, self.device)
        self.optimizer: Optimizer = parts.optimizer.create()
        self.scheduler: LRScheduler = parts.scheduler.create()
        self._meter = Meter(self.model, self.device, self.world.size)
        self.engine = Engine(self.model, self.optimizer, self.scheduler, config)
        self.model = self.engine.model
        seed_process(self.world, config)
        self._resume()
        self._last_step = self.schedule.last_step(config, self.state.global_step)
        self._trackers = start_trackers(config, self.state) if self.world.is_first else []

    def _make_parts(self) -> Parts[BatchT]:
        data = self.make_data_factory()
        return Parts(
            data=data,
            evaluated=evaluation_factories(data),
            tokenizer=self.make_tokenizer_factory(),
            model=self.make_model_factory(),
            frozen=list(self.make_frozen_model_factories()),
            optimizer=self.make_optimizer_factory(),
            scheduler=self.make_scheduler_factory(),
            checkpoint=list(self.make_checkpoint_engines()),
        )

    @property
    def epochs(self) -> Iterator[int]:
        """The epochs that are left; each is the current one in its turn."""
        while self.schedule.has_epoch(self.state.epoch_idx) and not self.is_at_end:
            yield self.state.epoch_idx
            if self.epoch_finished:
                self.state.epoch_idx += 1
                self.state.train_batch_idx = 0

    @property
    def train_batches(self) -> Iterator[BatchT]:
        """The micro-batches of the current epoch that are left, up to the end of training."""
        first = self.state.train_batch_idx
        for batch in self.train_dataloader.batches(self.state.epoch_idx, start=first):
            self.state.train_batch_idx += 1
            yield batch
            if self.is_at_end:
                break

    @property
    def device(self) -> torch.device:
        """Where the model computes."""
        accelerator = torch.accelerator.current_accelerator(check_available=True)
        return accelerator or torch.device("cpu")

    @property
    def training_horizon(self) -> int:
        """Optimizer steps in the whole run."""
        return self.schedule.training_horizon

    @property
    def warmup_steps(self) -> int:
        """Optimizer steps in which the learning rate rises."""
        return self._parts.scheduler.config.warmup_steps(self.training_horizon)

    @property
    def is_at_end(self) -> bool:
        """Whether no further optimizer step is to be taken in this run."""
        return self.is_stopping or self.state.global_step >= self._last_step

    def frozen_model(self, section: ModelConfig) -> nn.Module:
        """Return the model of a nested section: ``trainer.frozen_model(trainer.config.ref_model)``.

        It gives no gradient, is in evaluation mode, and stands whole on every process. Its random
        weights are drawn as the trained model's are: a section that equals `model` makes the same.

        Raises:
            TrainingError: no model was built from the section.

        """
        return self._frozen_models.of(section)

    def note(self, text: str) -> None:
        """Tell the user something, once."""
        self.progress.note(text)

    def train(self) -> None:
        """Train to the horizon, or to ``exit_iteration``, or until the run is to stop.

        Raises:
            SystemExit: SIGTERM came, and what can be resumed from is saved.

        """
        left = self.training_horizon - self.state.global_step
        self.note(f"training: {left:,} steps to go of {self.training_horizon:,}")
        self._meter.restart()
        self._memory_profile.begin("step")
        failed = True
        try:
            with self._stop_requests.listening():
                for _ in self.epochs:
                    self.epoch()
                self.training_finished = not self._stop_requests.is_terminated
                self.checkpoint()
            failed = False
            if self.is_stopping:
                self.note(f"stopped after step {self.state.global_step}{self._stop_requests}")
                self._stop_requests.obey()
        except KeyboardInterrupt:
            self.note(f"interrupted after step {self.state.global_step}")
            raise
        finally:
            self._memory_profile.end()
            self.progress.end()
            for tracker in self._trackers:
                tracker.finish(failed=failed)

    def epoch(self) -> None:
        """Train on what is left of the current epoch."""
        self.epoch_finished = False
        for batch in self.train_batches:
            self.step(batch)
        self.epoch_finished = self.state.train_batch_idx == self.schedule.batches_per_epoch
        self.checkpoint()

    def step(self, batch: BatchT) -> None:
        """Train on a micro-batch; after the last of a global batch, take an optimizer step."""
        self.model.train()
        index = self.state.train_batch_idx - 1
        self.backward(self._add(batch, self._global_batch, self.train_dataloader, index))
        if self.schedule.ends_step(self.state.train_batch_idx) and self._optimizer_step():
            interval = self.config.eval_interval
            if interval and self.state.global_step % interval == 0:
                self.evaluate()
            self.checkpoint()

    def backward(self, loss_sum: Tensor) -> None:
        """Add the gradient of a summed loss to what the step has so far."""
        self.engine.backward(loss_sum)

    def _add(
        self, batch: BatchT, into: GlobalBatch, loader: EpochLoader[BatchT], index: int
    ) -> Tensor:
        """Add the loss of the batch of that index to others; return its sum."""
        output = LossOutput.of(self.loss(to_device(batch, self.device)))
        tokens = self._parts.data.count_tokens(batch)
        squared = squared_lengths(batch)
        if loader.is_filler(index):
            output, tokens, squared = output.as_nothing(), 0, 0
        samples = partial(loader.samples, self.state.epoch_idx, index)
        into.add(output, tokens, samples, squared_lengths=squared)
        return output.sum

    def evaluate(self) -> None:
        """Report loss and metrics of each set of ``eval_sources``; training goes on as before.

        Each set is taken whole and in order. Its loss is the sum over all its batches by their
        count, so that it does not depend on how it is cut.
        """
        self.model.eval()
        with torch.no_grad(), replayed(random_numbers()):
            for name, loader in self.eval_dataloaders.items():
                whole = GlobalBatch(self.metrics)
                for index, batch in enumerate(loader.batches(0)):
                    self._add(batch, whole, loader, index)
                self._report_evaluation(name, whole.close())
        self._meter.restart()

    def checkpoint(self) -> None:
        """Let each checkpoint engine save that has reason to."""
        for engine in self.checkpoint_engines:
            engine.save_if_due()

    def _optimizer_step(self) -> bool:
        """Take an optimizer step, and report it; return whether it was taken."""
        totals = self._global_batch.close(stop=self._stop_requests.is_requested)
        learning_rate = float(self.scheduler.get_last_lr()[0])
        self.is_stopping = totals.is_stopping
        with self._global_batch.blamed():
            is_taken = self.engine.step(totals.count)
        if not is_taken:
            self.state.skipped_steps += 1
            self.note(f"skipped a step after step {self.state.global_step}: gradients overflow")
            return False
        self.state.global_step += 1
        self.state.tokens += totals.tokens
        self._report(totals, learning_rate)
        return True

    def _report(self, totals: Totals, learning_rate: float) -> None:
        report = StepReport(
            step=self.state.global_step,
            horizon=self.training_horizon,
            epoch=self.state.epoch_idx,
            loss=totals.loss,
            learning_rate=learning_rate,
            tokens=totals.tokens,
            gradient_norm=self.engine.gradient_norm,
            measures=self._meter.measure(totals),
            terms=totals.terms,
        )
        self.progress.show(report)
        self._track(report)

    def _report_evaluation(self, name: str, totals: Totals) -> None:
        step, epoch = self.state.global_step, self.state.epoch_idx
        report = EvaluationReport(step=step, epoch=epoch, name=name, totals=totals)
        self.evaluations[name] = report
        self.note(report.as_text())
        self._track(report)

    def _track(self, report: Report) -> None:
        for tracker in self._trackers:
            tracker.log(report)

    def _resume(self) -> None:
        resuming = [e for e in self.checkpoint_engines if e.config.enabled and e.config.auto_resume]
        for engine in resuming:
            engine.load()
        take_up(self.scheduler)
        self.state.continue_with(self.schedule, self.world.size)

    @classmethod
    def _definition_problems(cls) -> list[str]:
        problems = super()._definition_problems()
        config_type = getattr(cls, "config_type", None)
        if not (isinstance(config_type, type) and issubclass(config_type, TrainerConfig)):
            return [*problems, "its `config_type` is no TrainerConfig"]
        for slot, base in SLOTS.items():
            problems += slot_problems(slot, base, getattr(cls, slot, ()), config_type)
        return [*problems, *callback_problems(cls)]
