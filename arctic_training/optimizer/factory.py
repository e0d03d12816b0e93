"""The base of all optimizer factories."""

from __future__ import annotations

from typing import Generic, TypeVar

from torch.optim import Optimizer

from arctic_training.config.optimizer import OptimizerConfig
from arctic_training.factory import Factory

__all__ = ["OptimizerFactory"]

Optimizer_co = TypeVar("Optimizer_co", bound=OptimizerConfig, covariant=True)


class OptimizerFactory(Factory[Optimizer_co, Optimizer], Generic[Optimizer_co], root=True):
    """Makes the optimizer. The model stands already."""
