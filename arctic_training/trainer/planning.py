"""How long a run is, and its learning rates, once it is known how many steps a batch takes."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import replace
from typing import Generic, TypeVar

from typing_extensions import override

from arctic_training.config.trainer import TrainerConfig
from arctic_training.diagnostics.plurals import counted
from arctic_training.scheduler.resume import replanned
from arctic_training.trainer.bookkeeping import Bookkeeping

__all__ = ["Planning"]

Config_co = TypeVar("Config_co", bound=TrainerConfig, covariant=True)
BatchT = TypeVar("BatchT", bound=Mapping[str, object])


class Planning(Bookkeeping[Config_co, BatchT], ABC, Generic[Config_co, BatchT]):
    """Plans a run by ``inner_steps``, or by what the first global batch shows."""

    @override
    def _initialize(self) -> None:
        super()._initialize()
        self._steps_of_batch = 0
        """Optimizer steps that the newest global batch has ended, taken or skipped."""
        self._first_step = 0
        """Optimizer steps done before this run."""

    def _count_inner_steps(self) -> None:
        """Plan the run again if ``step`` takes more optimizer steps than ``inner_steps`` says."""
        taken, self._steps_of_batch = self._steps_of_batch, 0
        is_first = self.state.steps_before_batch == 0 == self.state.epoch_idx
        if not is_first or taken <= self.schedule.inner_steps:
            return
        self._expect_inner_steps(taken)
        self.note(
            f"note: `step` takes {counted(taken, 'optimizer step')} on each global batch, so the "
            f"run has {counted(self.training_horizon, 'step')}; set `inner_steps = {taken}` in the "
            "trainer to plan the learning rate from the first step on"
        )

    def _expect_inner_steps(self, inner_steps: int) -> None:
        """Recompute horizon and learning rates for a number of steps on each global batch."""
        horizon = self.training_horizon
        self.state.inner_steps = inner_steps
        self.schedule = replace(self.schedule, inner_steps=inner_steps)
        self._last_step = self.schedule.last_step(self.config, self._first_step)
        if self.training_horizon != horizon:
            self.scheduler = replanned(self._parts.scheduler.create, self.scheduler)
            self.engine.follow(self.scheduler)
