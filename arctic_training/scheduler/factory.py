"""The base of all scheduler factories."""

from __future__ import annotations

from typing import Generic, TypeVar

from torch.optim.lr_scheduler import LRScheduler

from arctic_training.config.scheduler import SchedulerConfig
from arctic_training.core.factory import Factory

__all__ = ["SchedulerFactory"]

Scheduler_co = TypeVar("Scheduler_co", bound=SchedulerConfig, covariant=True)


class SchedulerFactory(Factory[Scheduler_co, LRScheduler], Generic[Scheduler_co], root=True):
    """Makes the learning-rate schedule, after the optimizer is built."""
