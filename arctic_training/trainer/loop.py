"""The loop that all trainers share: epochs of steps, with what is evaluated and saved between."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler
from typing_extensions import override

from arctic_training.callback.observed import Observed
from arctic_training.checkpoint.alone import alone
from arctic_training.checkpoint.engine import CheckpointEngine
from arctic_training.checkpoint.random_numbers import random_numbers, replayed
from arctic_training.config.checkpoint import CheckpointConfig
from arctic_training.config.trainer import TrainerConfig
from arctic_training.data.batches import squared_lengths
from arctic_training.data.loader import EpochLoader
from arctic_training.document import shown_path
from arctic_training.errors import TrainingError
from arctic_training.launcher.world import World
from arctic_training.losses.checked import checked_output, number
from arctic_training.losses.output import LossOutput
from arctic_training.trainer.device import to_device
from arctic_training.trainer.ending import closing_lines, ending, opening_line
from arctic_training.trainer.loss_place import loss_place
from arctic_training.trainer.memory_profile import MemoryProfile
from arctic_training.trainer.parts import Parts
from arctic_training.trainer.progress import running
from arctic_training.trainer.report import STANDARD
from arctic_training.trainer.reporting import Reporting
from arctic_training.trainer.state import Schedule
from arctic_training.trainer.stop import StopRequests
from arctic_training.trainer.summary import summary_lines
from arctic_training.trainer.totals import GlobalBatch, Reduction, placed
from arctic_training.trainer.whole_steps import WholeSteps

__all__ = ["TrainingLoop"]

Config_co = TypeVar("Config_co", bound=TrainerConfig, covariant=True)
BatchT = TypeVar("BatchT", bound=Mapping[str, object])


class TrainingLoop(Observed, Reporting, ABC, Generic[Config_co, BatchT]):
    """Trains what a trainer has built; each of its methods may be overridden."""

    config: Config_co
    world: World
    metrics: Mapping[str, Reduction]
    schedule: Schedule
    model: nn.Module
    scheduler: LRScheduler
    train_dataloader: EpochLoader[BatchT]
    eval_dataloaders: Mapping[str, EpochLoader[BatchT]]
    checkpoint_engines: list[CheckpointEngine[CheckpointConfig]]
    epoch_finished: bool
    training_finished: bool
    is_stopping: bool

    _parts: Parts[BatchT]
    _global_batch: GlobalBatch
    _last_step: int
    _memory_profile: MemoryProfile
    _stop_requests: StopRequests
    _whole_steps: WholeSteps

    @abstractmethod
    def loss(self, batch: BatchT) -> LossOutput | Tensor:
        """Return the loss of a micro-batch as a sum and a count, with the declared terms.

        A plain scalar is taken as a mean; how the batch is cut then matters.
        """

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
    @override
    def training_horizon(self) -> int:
        """Optimizer steps in the whole run."""
        return self.schedule.training_horizon

    @property
    def is_at_end(self) -> bool:
        """Whether no further optimizer step is to be taken in this run."""
        return self.is_stopping or self.state.global_step >= self._last_step

    def log(self, name: str, value: float) -> None:
        """Report a figure of one's own with the optimizer step that ends next.

        It stands among the metrics, wherever those are followed; of several processes, the value
        of the first counts. Callbacks call it, at `post-backward` or `pre-optimizer-step`.

        Raises:
            TrainingError: the step is reported with another figure of that name, or the value is no
                number.

        """
        if name in STANDARD or name in self.metrics:
            message = f"each step is reported with a figure `{name}` already"
            raise TrainingError(message, hint="log it under another name")
        self._logged[name] = number(value, name)

    def train(self) -> None:
        """Train to the horizon, or to ``exit_iteration``, or until the run is to stop.

        Raises:
            SystemExit: SIGTERM or SIGHUP came, and what can be resumed from is saved.
            TrainingError: it is called by what it calls, or after it was cut within a step.

        """
        first_step = self.state.global_step + 1
        self._tell(summary_lines(self))
        self.note(opening_line(self))
        self._meter.restart()
        self._memory_profile.begin("step")
        taken_down = ending(self._memory_profile, self.progress, self._trackers)
        try:
            with (
                self._whole_steps.taken(),
                alone(self.checkpoint_engines),
                taken_down,
                self._stop_requests.listening(),
            ):
                for _ in self.epochs:
                    self.epoch()
                is_terminated = self.is_stopping and self._stop_requests.is_terminated_anywhere()
                self.training_finished = not is_terminated
                self.checkpoint()
        except KeyboardInterrupt:
            self._tell(closing_lines(self, first_step, "interrupted"))
            raise
        how = f"stopped{self._stop_requests}" if self.is_stopping else ""
        self._tell(closing_lines(self, first_step, how))
        if self.is_stopping:
            self._stop_requests.obey()

    def epoch(self) -> None:
        """Train on what is left of the current epoch."""
        self.epoch_finished = False
        for batch in self.train_batches:
            self.step(batch)
        self.epoch_finished = self.state.train_batch_idx == self.schedule.batches_per_epoch
        self.checkpoint()

    def step(self, batch: BatchT) -> None:
        """Train on a micro-batch; after the last of a global batch, take an optimizer step."""
        self.engine.train(mode=True)
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
        output = checked_output(self.loss(to_device(batch, self.device)), into.place)
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
        self.engine.train(mode=False)
        with torch.no_grad(), replayed(random_numbers()):
            for name, loader in self.eval_dataloaders.items():
                whole = GlobalBatch(self.metrics, loss_place(type(self).loss))
                with running(self.progress, f"evaluating `{name}`", len(loader)) as stage:
                    for index, batch in enumerate(loader.batches(0)):
                        self._add(batch, whole, loader, index)
                        stage.advance()
                with placed(f"step {self.state.global_step}, evaluation of `{name}`"):
                    totals = whole.close()
                self._report_evaluation(name, totals)
        self._meter.restart()

    def checkpoint(self) -> None:
        """Let each checkpoint engine save that has reason to."""
        for engine in self.checkpoint_engines:
            with self._saving(engine):
                engine.save_if_due()

    def _saving(self, engine: CheckpointEngine[CheckpointConfig]) -> AbstractContextManager[object]:
        where = shown_path(engine.config.output_dir)
        return running(self.progress, f"saving to {where}") if engine.is_due else nullcontext()

    def _optimizer_step(self) -> bool:
        """Take an optimizer step, and report it; return whether it was taken."""
        learning_rate = float(self.scheduler.get_last_lr()[0])
        with placed(f"step {self.state.global_step + 1}"):
            totals = self._global_batch.close(stop=self._stop_requests.is_requested)
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
