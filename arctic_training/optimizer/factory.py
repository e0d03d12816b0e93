"""The base of all optimizer factories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Generic, TypeVar

from torch.optim import Optimizer
from typing_extensions import override

from arctic_training.config.optimizer import OptimizerConfig
from arctic_training.core.factory import Factory
from arctic_training.errors import RecipeError

__all__ = ["OptimizerFactory"]

Optimizer_co = TypeVar("Optimizer_co", bound=OptimizerConfig, covariant=True)


class OptimizerFactory(Factory[Optimizer_co, Optimizer], Generic[Optimizer_co], root=True):
    """Makes the optimizer, after the model is built."""

    computes_on_cpu: ClassVar[bool] = False
    """Whether DeepSpeed can offload it."""

    @property
    def is_offloaded(self) -> bool:
        """Whether the recipe offloads the optimizer to CPU memory."""
        zero = self.trainer.config.deepspeed.zero_optimization
        return zero.offload_optimizer.device != "none"

    @override
    def problems(self) -> Iterator[RecipeError]:
        if self.is_offloaded and not self.computes_on_cpu:
            message = f"`offload_optimizer` needs the optimizer `cpu_adam`, not `{self.name}`"
            yield self.problem("type", message, code="conflict")
