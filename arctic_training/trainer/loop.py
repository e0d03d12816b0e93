"""The loop that all trainers share: epochs of steps, with what is evaluated and saved between."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Generic, TypeVar

import torch
from torch import Tensor
from typing_extensions import override

from arctic_training.checkpoint.engine import CheckpointEngine
from arctic_training.checkpoint.output_dir_lock import output_dir_lock
from arctic_training.config.checkpoint import CheckpointConfig
from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.loss_output import LossOutput
from arctic_training.core.random_state import random_numbers, replayed
from arctic_training.core.totals import GlobalBatch, error_context
from arctic_training.data.batches import squared_lengths
from arctic_training.data.loading.loader import EpochLoader
from arctic_training.document import shown_path
from arctic_training.errors import TrainingError
from arctic_training.losses.validation import batch_key_errors, checked_output
from arctic_training.trainer.device import to_device
from arctic_training.trainer.inner_steps import MicroBatch
from arctic_training.trainer.loss_location import loss_place
from arctic_training.trainer.memory_profile import MemoryProfile
from arctic_training.trainer.planning import Planning
from arctic_training.trainer.progress import running
from arctic_training.trainer.step_guard import StepGuard
from arctic_training.trainer.summary import summary_lines
from arctic_training.trainer.teardown import closing_lines, opening_line, run_teardown
from arctic_training.trainer.token_ids import check_token_ids

__all__ = ["TrainingLoop"]

Config_co = TypeVar("Config_co", bound=TrainerConfig, covariant=True)
BatchT = TypeVar("BatchT", bound=Mapping[str, object])


class TrainingLoop(Planning[Config_co, BatchT], ABC, Generic[Config_co, BatchT]):
    """Trains what a trainer has built; each of its methods may be overridden."""

    @override
    def _initialize(self) -> None:
        super()._initialize()
        self.training_finished = False
        self.is_padding_batch = False
        self._global_batch = GlobalBatch(self.metrics, self.mesh, loss_place(type(self).loss))
        self._memory_profile = MemoryProfile(self.config, self.mesh)
        self._step_guard = StepGuard()

    @abstractmethod
    def loss(self, batch: BatchT) -> LossOutput | Tensor:
        """Return the loss of a micro-batch as a sum and a count, with the declared terms.

        A plain scalar counts as a mean; how the batch is cut then matters.
        """

    @property
    def device(self) -> torch.device:
        """Where the model computes."""
        accelerator = torch.accelerator.current_accelerator(check_available=True)
        return accelerator or torch.device("cpu")

    def train(self) -> None:
        """Train to the horizon, or to ``exit_iteration``, or until the run is to stop.

        Raises:
            SystemExit: SIGTERM or SIGHUP came, and what can be resumed from is saved.
            TrainingError: a tracker failed, and the run is saved; or it is called by what it calls,
                or after it was cut within a step.

        """
        first_step = self.state.global_step + 1
        self._tell(summary_lines(self))
        self.note(opening_line(self))
        self._meter.restart()
        self._memory_profile.begin("step")
        teardown = run_teardown(
            self._memory_profile, self.progress, self._trackers, self._stop_reason
        )
        try:
            with (
                self._step_guard.whole_steps(),
                output_dir_lock(self.checkpoint_engines, note=self.note),
                teardown,
                self._stop_requests.listening(),
            ):
                for _ in self.epochs:
                    self.epoch()
                self._leave_epoch()
                self.is_stopping |= self._stop_requests.is_failing_anywhere()
                is_terminated = self.is_stopping and self._stop_requests.is_terminated_anywhere()
                self.training_finished = not is_terminated
                self.checkpoint()
        except KeyboardInterrupt:
            self._tell(closing_lines(self, first_step, "interrupted"))
            raise
        self._tell(closing_lines(self, first_step, self._stop_reason()))
        if self.is_stopping:
            self._stop_requests.obey()

    def _stop_reason(self) -> str:
        return f"stopped{self._stop_requests}" if self.is_stopping else ""

    def epoch(self) -> None:
        """Train on what is left of the current epoch."""
        for batch in self.train_batches:
            self.step(batch)

    def step(self, batch: BatchT) -> None:
        """Train on a micro-batch; after the last of a global batch, take an optimizer step.

        An override may call this several times, with the batch or with parts of it: the n-th calls
        for all micro-batches of a global batch make its n-th optimizer step. All processes must
        call it equally often.
        """
        self.engine.train(mode=True)
        for micro_batch in self._inner_steps.take(batch):
            loss_sum = self._forward(micro_batch)
            self.backward(loss_sum)
        if self.schedule.ends_step(self.state.train_batch_idx):
            self._optimizer_step()

    def _forward(self, micro_batch: MicroBatch[BatchT]) -> Tensor:
        """Add the loss of a micro-batch to the open global batch; return its sum."""
        loader, index = self.train_dataloader, micro_batch.index
        return self._forward_micro_batch(micro_batch.batch, self._global_batch, loader, index)

    @override
    def _complete_global_batch(self) -> None:
        """Take the optimizer steps that are left; then evaluate and save, where it is time to.

        Nothing is saved between two optimizer steps on one global batch: what an override keeps
        of the batch, such as a rollout, is in no checkpoint.
        """
        if self._global_batch.has_micro_batches:
            self._optimizer_step()
        for waiting in self._inner_steps.rest():
            for micro_batch in waiting:
                self.backward(self._forward(micro_batch))
            self._optimizer_step()
        self._is_batch_open = False
        self._count_inner_steps()
        before, now = self.state.steps_before_batch, self.state.global_step
        if now > before:
            interval = self.config.eval_interval
            if interval and now // interval > before // interval:
                self.evaluate()
            self.checkpoint()

    def backward(self, loss_sum: Tensor) -> None:
        """Add the gradient of a summed loss to what the step has so far."""
        self.engine.backward(loss_sum)

    def _forward_micro_batch(
        self, batch: BatchT, into: GlobalBatch, loader: EpochLoader[BatchT], index: int
    ) -> Tensor:
        """Add the loss of the batch of that index to others; return its sum."""
        self.is_padding_batch = loader.is_padding_batch(index)
        check_token_ids(batch, self.engine.unwrapped)
        with batch_key_errors(batch, into.place):
            output = checked_output(self.loss(to_device(batch, self.device)), into.place)
        tokens, squared = self._parts.data.count_tokens(batch), squared_lengths(batch)
        if self.is_padding_batch:
            output, tokens, squared = output.zeroed(), 0, 0
        samples = partial(loader.samples, self.state.epoch_idx, index)
        into.add(output, tokens, samples, squared_lengths=squared)
        return output.sum

    def evaluate(self) -> None:
        """Report loss and metrics of each set of ``eval_sources``; training is not affected.

        Each set is evaluated whole and in order. Its loss is the sum over all its batches by their
        count, so that it does not depend on how it is cut.
        """
        self.engine.train(mode=False)
        with torch.no_grad(), replayed(random_numbers()):
            for name, loader in self.eval_dataloaders.items():
                whole = GlobalBatch(self.metrics, self.mesh, loss_place(type(self).loss))
                with running(self.progress, f"evaluating `{name}`", len(loader)) as stage:
                    for index, batch in enumerate(loader.batches(0)):
                        self._forward_micro_batch(batch, whole, loader, index)
                        stage.advance()
                with error_context(f"step {self.state.global_step}, evaluation of `{name}`"):
                    totals = whole.close()
                self._report_evaluation(name, totals)
        self._meter.restart()

    def checkpoint(self) -> None:
        """Let each checkpoint engine save that has reason to.

        Raises:
            TrainingError: one cannot; in a run of one process the others have saved.

        """
        failures: list[TrainingError] = []
        for engine in self.checkpoint_engines:
            try:
                with self._saving(engine):
                    engine.save_if_due()
            except TrainingError as error:
                if self.mesh.num_processes > 1:  # the processes no longer act alike
                    raise
                failures.append(error)
        if failures:
            raise failures[0]

    def _saving(self, engine: CheckpointEngine[CheckpointConfig]) -> AbstractContextManager[object]:
        where = shown_path(engine.config.output_dir)
        return running(self.progress, f"saving to {where}") if engine.is_due else nullcontext()

    def _optimizer_step(self) -> bool:
        """Take an optimizer step, and report it; return whether parameters were updated."""
        self._steps_of_batch += 1
        learning_rate = float(self.scheduler.get_last_lr()[0])
        with error_context(f"step {self.state.global_step + 1}"):
            totals = self._global_batch.close(stop=self._stop_requests.is_requested)
            self.is_stopping = totals.is_stopping
            with self._global_batch.attribute_errors():
                is_taken = self.engine.step(totals.count)
        if not is_taken:
            self.state.skipped_steps += 1
            self.note(f"skipped a step after step {self.state.global_step}: gradients overflow")
            return False
        self.state.global_step += 1
        self.state.tokens += totals.tokens
        self._report(totals, learning_rate)
        return True
