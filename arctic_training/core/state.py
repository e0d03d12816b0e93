"""Training state and schedule: how far a run is, and how long it will be."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Self
from uuid import uuid4

from arctic_training.config.trainer import TrainerConfig
from arctic_training.diagnostics.plurals import counted
from arctic_training.errors import RecipeError

__all__ = ["Schedule", "TrainingState"]


@dataclass
class TrainingState:
    """How far training has come: what a checkpoint keeps to resume with the next batch."""

    global_step: int = 0
    """Optimizer steps done."""

    epoch_idx: int = 0
    """The current epoch, from 0."""

    train_batch_idx: int = 0
    """Micro-batches of the current epoch that were trained on, the current one included."""

    batches_per_epoch: int = 0
    """Micro-batches of an epoch, among which ``train_batch_idx`` counts."""

    tokens: int = 0
    """Tokens seen, without padding."""

    skipped_steps: int = 0
    """Optimizer steps that were not taken, because gradients overflowed in fp16."""

    num_processes: int = 1
    """Size of the data axis: processes that each get other micro-batches."""

    inner_steps: int = 1
    """Optimizer steps on each global batch: more than 1 where `step` is overridden to take more."""

    steps_before_batch: int = 0
    """Optimizer steps done before the newest global batch."""

    run_id: str = field(default_factory=lambda: uuid4().hex[:12], compare=False)
    """What tells the run from others, however often it is resumed."""

    def as_dict(self) -> dict[str, int | str]:
        """Return the counters as JSON holds them."""
        return asdict(self)

    def restore(self, saved: dict[str, int | str]) -> Self:
        """Take over saved counters."""
        for name, value in saved.items():
            setattr(self, name, value)
        return self

    @property
    def is_epoch_done(self) -> bool:
        """Whether the last micro-batch of the current epoch has begun."""
        return 0 < self.batches_per_epoch == self.train_batch_idx

    @property
    def next_epoch(self) -> int:
        """The epoch of the next micro-batch."""
        return self.epoch_idx + self.is_epoch_done

    def enter_next_epoch(self) -> None:
        """Count the micro-batches of the next epoch from here on."""
        self.epoch_idx += 1
        self.train_batch_idx = 0

    def continue_with(self, schedule: Schedule, shares: int) -> None:
        """Count by the batches of this run, of each share along its data axis.

        Shares take the micro-batches of an epoch in turn, so twice as many have done half as many
        each.

        Raises:
            RecipeError: the state is that of an epoch of another number of batches.

        """
        if self.is_epoch_done:
            self.enter_next_epoch()
        batches, before = schedule.batches_per_epoch, self.num_processes
        first = max((self.batches_per_epoch - 1) * before, (batches - 1) * shares)
        last = min(self.batches_per_epoch * before, batches * shares)
        if self.train_batch_idx and first >= last:
            raise RecipeError(
                ("data",),
                f"the checkpoint is inside an epoch of {counted(self.batches_per_epoch, 'batch')}, "
                f"this run has {batches} per epoch",
                hint="restore the data and `micro_batch_size`, or choose another `output_dir`",
            )
        done = math.ceil(self.train_batch_idx * before / shares)
        self.train_batch_idx = min(done, batches)
        self.batches_per_epoch, self.num_processes = batches, shares


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How many of what a run has.

    A global batch never takes micro-batches of two epochs: the last one of an epoch takes those
    that are left, which the loss contract makes up for.
    """

    batches_per_epoch: int
    """Micro-batches of one process in one epoch."""

    gradient_accumulation_steps: int
    epochs: int
    """Passes over the data; without effect when ``train_iters`` is given."""

    train_iters: int
    """Optimizer steps, or 0."""

    min_iterations: int = 0
    """Optimizer steps at least; without effect when ``train_iters`` is given."""

    inner_steps: int = 1
    """Optimizer steps on each global batch."""

    @classmethod
    def of(cls, config: TrainerConfig, batches_per_epoch: int, inner_steps: int = 1) -> Self:
        """Return the schedule of a recipe, for a number of micro-batches per epoch."""
        return cls(
            batches_per_epoch=batches_per_epoch,
            gradient_accumulation_steps=config.gradient_accumulation_steps,
            epochs=config.epochs,
            train_iters=config.train_iters,
            min_iterations=config.min_iterations,
            inner_steps=inner_steps,
        )

    @property
    def global_batches_per_epoch(self) -> int:
        """Global batches in one epoch."""
        return math.ceil(self.batches_per_epoch / self.gradient_accumulation_steps)

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps in one epoch."""
        return self.global_batches_per_epoch * self.inner_steps

    @property
    def training_horizon(self) -> int:
        """Optimizer steps in the whole run, with all those on its last global batch."""
        if self.is_by_steps:
            steps = self.train_iters or self.min_iterations
            return self.global_batches_for(steps) * self.inner_steps
        return self.epochs * self.steps_per_epoch

    @property
    def is_by_steps(self) -> bool:
        """Whether the run ends after a number of optimizer steps, not of epochs."""
        return self.train_iters > 0 or self.min_iterations > self.epochs * self.steps_per_epoch

    def has_epoch(self, epoch_idx: int) -> bool:
        """Return whether the run has an epoch of that index; a run by steps has all it needs."""
        return self.is_by_steps or epoch_idx < self.epochs

    def last_step(self, config: TrainerConfig, first: int) -> int | None:
        """Return the optimizer step with which a run that begins after step ``first`` ends.

        It ends with the global batch of that step. None: it ends with its last epoch.
        """
        this_run = config.exit_iteration_this_run
        exits = (config.exit_iteration, first + this_run if this_run else 0)
        horizon = self.training_horizon if self.is_by_steps else 0
        return min((step for step in (horizon, *exits) if step), default=None)

    def ends_step(self, train_batch_idx: int) -> bool:
        """Return whether a global batch ends with the N-th micro-batch of an epoch."""
        last = train_batch_idx == self.batches_per_epoch
        return last or train_batch_idx % self.gradient_accumulation_steps == 0

    def global_batches_for(self, steps: int) -> int:
        """Return the number of global batches for a number of optimizer steps."""
        return max(0, math.ceil(steps / self.inner_steps))

    def batches_left(self, train_batch_idx: int, *, is_open: bool, further: int | None) -> int:
        """Return how many micro-batches of an epoch remain.

        Args:
            train_batch_idx: those of the epoch that have begun.
            is_open: whether the global batch of the last of them is not complete.
            further: global batches that begin later in this run; None: those of all its epochs.

        """
        left = self.batches_per_epoch - train_batch_idx
        if further is None:
            return left
        size = self.gradient_accumulation_steps
        return min(left, is_open * (-train_batch_idx % size) + further * size)

    def epochs_left(self, train_batch_idx: int, *, is_open: bool, further: int) -> int:
        """Return how many epochs, from this one on, ``further`` global batches reach into."""
        current = self.batches_left(train_batch_idx, is_open=is_open, further=further)
        size = self.gradient_accumulation_steps
        begun = train_batch_idx + is_open * (-train_batch_idx % size)
        here = max(0, math.ceil((self.batches_per_epoch - begun) / size))
        later = max(0, further - here)
        return bool(current) + math.ceil(later / self.global_batches_per_epoch)

    def checked(self) -> Self:
        """Return the schedule itself.

        Raises:
            RecipeError: the run would not train a single step.

        """
        if self.inner_steps < 1:
            message = f"the trainer's `inner_steps` is {self.inner_steps}, expected at least 1"
            raise RecipeError(("type",), message, code="no-steps")
        if self.batches_per_epoch == 0:
            raise RecipeError(("data", "sources"), "the data makes no batch", code="no-data")
        if self.training_horizon == 0:
            message = "the run would train no step: `epochs` and `train_iters` are both 0"
            raise RecipeError(("epochs",), message, code="no-steps")
        return self
