"""Schedules of transformers."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, cast

import transformers
from torch.optim.lr_scheduler import LambdaLR, LRScheduler
from typing_extensions import override

from arctic_training.config.scheduler import HFSchedulerConfig
from arctic_training.diagnostics.plurals import counted
from arctic_training.errors import RecipeError
from arctic_training.hub.loading import first_line
from arctic_training.scheduler.factory import SchedulerFactory

__all__ = ["HFSchedulerFactory"]

_OURS: Final = {"optimizer", "num_warmup_steps", "num_training_steps", "last_epoch"}


class HFSchedulerFactory(SchedulerFactory[HFSchedulerConfig]):
    """A schedule of transformers by name, over the whole horizon."""

    name = "huggingface"
    config_type: type[HFSchedulerConfig] = HFSchedulerConfig

    @override
    def problems(self) -> Iterator[RecipeError]:
        from transformers.optimization import TYPE_TO_SCHEDULER_FUNCTION

        schedules = cast("Mapping[str, Callable[..., object]]", TYPE_TO_SCHEDULER_FUNCTION)
        parameters = inspect.signature(
            schedules[transformers.SchedulerType(self.config.name)]
        ).parameters
        known = [name for name in parameters if name not in _OURS]
        for name in self.config.scheduler_specific_kwargs:
            if name not in known:
                taken = ", ".join(known) or "none"
                message = f"a schedule `{self.config.name}` has no `{name}`; it takes: {taken}"
                yield self.problem("scheduler_specific_kwargs", message, code="unknown-key")
        for name in known:
            is_needed = parameters[name].default is inspect.Parameter.empty
            if is_needed and name not in self.config.scheduler_specific_kwargs:
                message = f"a schedule `{self.config.name}` needs `{name}`"
                yield self.problem("scheduler_specific_kwargs", message, code="missing-key")

    @override
    def create(self) -> LRScheduler:
        warmup_steps, horizon = self.trainer.warmup_steps, self.trainer.training_horizon
        if warmup_steps > horizon:
            message = f"the warm-up takes more than the {counted(horizon, 'step')} of the run"
            raise self.problem("num_warmup_steps", message, code="out-of-range")
        own = self.config.scheduler_specific_kwargs
        if warmup_steps + own.get("num_decay_steps", 0) > horizon:
            message = f"warm-up and decay take more than the {horizon} steps of the run"
            raise self.problem("scheduler_specific_kwargs", message, code="out-of-range")
        try:
            scheduler: LRScheduler = transformers.get_scheduler(
                self.config.name,
                self.trainer.optimizer,
                num_warmup_steps=warmup_steps,
                num_training_steps=horizon,
                scheduler_specific_kwargs=dict(own),
            )
            _check_rates(scheduler, {0, warmup_steps, horizon - 1, horizon})
        except (ValueError, ArithmeticError) as error:
            message = f"there is no such schedule `{self.config.name}`: {first_line(error)}"
            raise self.problem(
                "scheduler_specific_kwargs", message, code="invalid-value"
            ) from error
        return scheduler


def _check_rates(scheduler: LRScheduler, steps: Iterable[int]) -> None:
    """Compute learning rates before they are needed.

    Raises:
        ValueError: one is none.
        ArithmeticError: one cannot be computed.

    """
    assert isinstance(scheduler, LambdaLR)
    shares = {step: share(step) for share in scheduler.lr_lambdas for step in sorted(steps)}
    for step, share in shares.items():
        if isinstance(share, complex) or not 0 <= share < math.inf:
            raise ValueError(f"after step {step} its rate is {share} times the highest")
