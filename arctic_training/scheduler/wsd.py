"""Warm-up, stable, decay."""

from __future__ import annotations

import transformers
from torch.optim.lr_scheduler import LRScheduler
from typing_extensions import override

from arctic_training.config.scheduler import WSDSchedulerConfig
from arctic_training.diagnostics.plurals import counted
from arctic_training.scheduler.factory import SchedulerFactory

__all__ = ["WSDSchedulerFactory"]


class WSDSchedulerFactory(SchedulerFactory[WSDSchedulerConfig]):
    """Warm-up, stable, decay (Hu et al., 2024); what is neither warm-up nor decay is stable."""

    name = "wsd"
    config_type: type[WSDSchedulerConfig] = WSDSchedulerConfig

    @override
    def create(self) -> LRScheduler:
        config, horizon = self.config, self.trainer.training_horizon
        if config.num_warmup_steps + config.num_decay_steps > horizon:
            message = f"warm-up and decay take more than the {counted(horizon, 'step')} of the run"
            raise self.problem("num_decay_steps", message, code="out-of-range")
        scheduler: LRScheduler = transformers.get_wsd_schedule(
            self.trainer.optimizer,
            num_warmup_steps=config.num_warmup_steps,
            num_decay_steps=config.num_decay_steps,
            num_training_steps=horizon,
            min_lr_ratio=config.min_lr_ratio,
        )
        return scheduler
