"""Gradient descent in place of a trainer's optimizer, to compare runs that differ by rounding."""

from __future__ import annotations

from torch.optim import SGD, Optimizer
from typing_extensions import override

from arctic_training.config.optimizer import FusedAdamConfig
from arctic_training.core.context import TrainerContext
from arctic_training.optimizer.fused_adam import FusedAdamFactory

__all__ = ["Descending"]


class _DescentFactory(FusedAdamFactory, abstract=True):
    """Gradient descent with momentum: unlike AdamW, it does not magnify rounding."""

    @override
    def create(self) -> Optimizer:
        trained = [each for each in self.trainer.model.parameters() if each.requires_grad]
        return SGD(trained, lr=self.config.learning_rate, momentum=0.9)


class Descending:
    """Put before a trainer's class, this lets it descend by the gradient itself."""

    def make_optimizer_factory(self: TrainerContext) -> FusedAdamFactory:
        """Return gradient descent, at the learning rate of the recipe's optimizer."""
        rate = self.config.optimizer.learning_rate
        return _DescentFactory(self, FusedAdamConfig(learning_rate=rate))
