"""Schedules of transformers."""

from __future__ import annotations

from torch.optim.lr_scheduler import LRScheduler
from transformers import get_scheduler
from typing_extensions import override

from arctic_training.config.scheduler import HFSchedulerConfig
from arctic_training.scheduler.factory import SchedulerFactory

__all__ = ["HFSchedulerFactory"]


class HFSchedulerFactory(SchedulerFactory[HFSchedulerConfig]):
    """A schedule of transformers by name, over the whole horizon."""

    name = "huggingface"
    config_type = HFSchedulerConfig

    @override
    def create(self) -> LRScheduler:
        scheduler: LRScheduler = get_scheduler(
            self.config.name,
            self.trainer.optimizer,
            num_warmup_steps=self.trainer.warmup_steps,
            num_training_steps=self.trainer.training_horizon,
        )
        return scheduler
