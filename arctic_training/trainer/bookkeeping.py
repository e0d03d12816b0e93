"""Position of the loop: which batches are consumed, and what remains of the run."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Generic, TypeVar

from typing_extensions import override

from arctic_training.callback.callbacks import Phase
from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.remaining import Positions, Remaining
from arctic_training.errors import TrainingError
from arctic_training.trainer.inner_steps import InnerSteps
from arctic_training.trainer.reporting import Reporting

__all__ = ["Bookkeeping"]

Config_co = TypeVar("Config_co", bound=TrainerConfig, covariant=True)
BatchT = TypeVar("BatchT", bound=Mapping[str, object])


class Bookkeeping(Reporting[Config_co, BatchT], ABC, Generic[Config_co, BatchT]):
    """Counts a batch as consumed by the ``step`` that gets it, and an epoch by its ``epoch``.

    So an override of ``train``, ``epoch`` or ``step`` has nothing to count, and whoever only reads
    ``epochs`` or ``train_batches`` changes nothing.
    """

    @override
    def _initialize(self) -> None:
        super()._initialize()
        self.epoch_finished = False
        self._inner_steps = InnerSteps[BatchT]()
        self._positions = Positions[BatchT]()
        self._is_batch_open = False
        """Whether a global batch has begun and is not complete."""
        self._last_step: int | None = None
        """Optimizer step whose global batch is the last of this run; None: its last epoch ends."""

    @abstractmethod
    def checkpoint(self) -> None:
        """Let each checkpoint engine save that has reason to."""

    @abstractmethod
    def _complete_global_batch(self) -> None:
        """Take the optimizer steps that are left of the open global batch, and what follows."""

    @property
    def epochs(self) -> Remaining[int]:
        """The epochs that remain in this run, the current one first while batches of it remain.

        Reading them changes nothing. They can be iterated over again and have a length.
        """
        return Remaining(lambda: self._end_epoch - self._next_epoch, self._iterate_epochs)

    @property
    def train_batches(self) -> Remaining[BatchT]:
        """The micro-batches that remain of the current epoch in this run.

        Between two epochs they are those of the next one. Reading them changes nothing: ``step``
        consumes the batch that it gets. They can be iterated over again and have a length.
        """
        return Remaining(
            lambda: max(0, self._end_batch - self._next_batch), self._iterate_train_batches
        )

    @property
    def inner_steps(self) -> int:
        """Optimizer steps that ``step`` takes on each global batch.

        Override it together with ``step``, so that horizon and learning rates count them from the
        first step on.
        """
        return 1

    @property
    @override
    def training_horizon(self) -> int:
        """Optimizer steps in the whole run."""
        return self.schedule.training_horizon

    @property
    def is_at_end(self) -> bool:
        """Whether no further global batch is to be trained on in this run."""
        if self.is_stopping or self._is_batch_open:
            return self.is_stopping
        return self._further == 0 or not self.schedule.has_epoch(self.state.next_epoch)

    @property
    def _further(self) -> int | None:
        """Global batches that begin later in this run; None: as many as its epochs have."""
        if self.is_stopping:
            return 0
        if self._last_step is None:
            return None
        state = self.state
        first = state.steps_before_batch if self._is_batch_open else state.global_step
        begun = self._is_batch_open
        return max(0, self.schedule.global_batches_for(self._last_step - first) - begun)

    @property
    def _is_between_epochs(self) -> bool:
        is_within = self._is_batch_open or self._callbacks.is_within("epoch")
        return self.state.is_epoch_done and not is_within

    @property
    def _next_epoch(self) -> int:
        return self.state.next_epoch

    @property
    def _end_epoch(self) -> int:
        """Index behind the last epoch that remains."""
        epochs = self.schedule.epochs if not self.schedule.is_by_steps else math.inf
        if (further := self._further) is None:
            return max(self._next_epoch, self.schedule.epochs)
        begun = 0 if self.state.is_epoch_done else self.state.train_batch_idx
        left = self.schedule.epochs_left(begun, is_open=self._is_batch_open, further=further)
        return int(max(self._next_epoch, min(epochs, self._next_epoch + left)))

    @property
    def _epoch_of_batches(self) -> int:
        return self.state.epoch_idx + self._is_between_epochs

    @property
    def _next_batch(self) -> int:
        return 0 if self._is_between_epochs else self.state.train_batch_idx

    @property
    def _end_batch(self) -> int:
        """Index behind the last micro-batch that remains of the epoch."""
        further, first = self._further, self._next_batch
        if not self.schedule.has_epoch(self._epoch_of_batches):
            return first
        left = self.schedule.batches_left(first, is_open=self._is_batch_open, further=further)
        return first + left

    def _iterate_epochs(self) -> Iterator[int]:
        epoch = self._next_epoch
        while epoch < self._end_epoch:
            yield epoch
            epoch += 1

    def _iterate_train_batches(self) -> Iterator[BatchT]:
        first = self._next_batch
        epoch = self._epoch_of_batches
        if first >= self._end_batch:
            return
        batches = self.train_dataloader.batches(epoch, start=first)
        remains = partial(self._remains, epoch)
        yield from self._positions.follow(batches, first, remains)

    def _remains(self, epoch: int, index: int) -> bool:
        """Return whether the micro-batch of that index is trained on later in this run."""
        return epoch == self._epoch_of_batches and index < self._end_batch

    @override
    def _begin_phase(self, phase: Phase, given: object) -> None:
        if phase == "epoch":
            self._begin_epoch()
        elif phase == "step":
            self._begin_batch(given)

    @override
    def _complete_phase(self, phase: Phase) -> None:
        if phase == "epoch":
            self._complete_epoch()
        elif phase == "step" and self.schedule.ends_step(self.state.train_batch_idx):
            self._complete_global_batch()

    def _begin_epoch(self) -> None:
        self._leave_epoch()
        self.epoch_finished = False

    def _complete_epoch(self) -> None:
        """End an epoch; batches that an override of ``epoch`` has left out are passed."""
        if self._is_batch_open:
            self._complete_global_batch()
        if not self.is_at_end:
            self.state.train_batch_idx = self.schedule.batches_per_epoch
        self.epoch_finished = self.state.is_epoch_done
        self.checkpoint()

    def _leave_epoch(self) -> None:
        """Move to the next epoch if the current one is done."""
        if self.state.is_epoch_done:
            self.state.enter_next_epoch()
            self.epoch_finished = False

    def _begin_batch(self, batch: object) -> None:
        """Count a micro-batch as consumed; what an override has left out before it is passed."""
        state = self.state
        if self._is_between_epochs:
            state.enter_next_epoch()
        found = self._positions.index_of(batch)
        index = state.train_batch_idx if found is None else found
        if index < state.train_batch_idx or index >= self.schedule.batches_per_epoch:
            raise _consumed(state.epoch_idx, min(index, self.schedule.batches_per_epoch - 1))
        if self._is_batch_open and index // self._accumulated != self._open_group:
            self._complete_global_batch()
        if not self._is_batch_open:
            self._is_batch_open = True
            state.steps_before_batch = state.global_step
        state.train_batch_idx = index + 1
        self._inner_steps.begin(index, is_last=self.schedule.ends_step(index + 1))

    @property
    def _accumulated(self) -> int:
        return self.schedule.gradient_accumulation_steps

    @property
    def _open_group(self) -> int:
        return (self.state.train_batch_idx - 1) // self._accumulated


def _consumed(epoch: int, batch: int) -> TrainingError:
    """Return what is said of a batch that comes again: what is left would no longer be known."""
    return TrainingError(
        f"epoch {epoch}: `step` is called again after it has consumed batch {batch}",
        hint="override `step` to train several times on a batch or on parts of it: it may call "
        "`super().step` for each; for more passes over the data, raise `epochs`",
    )
