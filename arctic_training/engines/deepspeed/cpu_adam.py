"""AdamW on the processor."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from torch.optim import Optimizer
from typing_extensions import override

from arctic_training.config.optimizer import CPUAdamConfig
from arctic_training.engines.deepspeed.backend import deepspeed
from arctic_training.engines.deepspeed.compiled_operations import compiled, why_not_compiled
from arctic_training.errors import RecipeError
from arctic_training.optimizer.factory import OptimizerFactory
from arctic_training.optimizer.parameter_groups import decay_groups

__all__ = ["CPUAdamFactory"]


class CPUAdamFactory(OptimizerFactory[CPUAdamConfig]):
    """AdamW (Loshchilov & Hutter, 2019) of DeepSpeed, vectorised for the processor."""

    name = "cpu_adam"
    config_type = CPUAdamConfig
    computes_on_cpu = True

    @override
    def problems(self) -> Iterator[RecipeError]:
        yield from super().problems()
        if reason := why_not_compiled():
            yield self.problem("type", reason, code="not-supported", hint="take `fused_adam`")
        if self.trainer.device.type != "cpu" and not self.is_offloaded:
            message = f"it cannot compute on {self.trainer.device.type}"
            hint = "set `offload_optimizer: {device: cpu}` of `deepspeed.zero_optimization`"
            yield self.problem("type", message, code="conflict", hint=hint)

    @override
    def create(self) -> Optimizer:
        make = partial(
            deepspeed.ops.adam.DeepSpeedCPUAdam,
            decay_groups(self.trainer.model, self.config.weight_decay),
            lr=self.config.learning_rate,
            betas=self.config.betas,
            eps=self.config.eps,
        )
        optimizer: Optimizer = compiled(self.name, make)
        return optimizer
