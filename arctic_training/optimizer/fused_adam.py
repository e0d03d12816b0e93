"""AdamW in one kernel."""

from __future__ import annotations

from torch.optim import AdamW, Optimizer
from typing_extensions import override

from arctic_training.config.optimizer import FusedAdamConfig
from arctic_training.optimizer.factory import OptimizerFactory
from arctic_training.optimizer.parameter_groups import decay_groups

__all__ = ["FusedAdamFactory"]


class FusedAdamFactory(OptimizerFactory[FusedAdamConfig]):
    """AdamW (Loshchilov & Hutter, 2019), PyTorch's own, which compiles nothing at start-up."""

    name = "fused_adam"
    config_type: type[FusedAdamConfig] = FusedAdamConfig

    @override
    def create(self) -> Optimizer:
        return AdamW(
            decay_groups(self.trainer.model, self.config.weight_decay),
            lr=self.config.learning_rate,
            betas=self.config.betas,
            eps=self.config.eps,
            fused=True,
        )
