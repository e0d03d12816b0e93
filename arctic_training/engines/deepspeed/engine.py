"""The DeepSpeed engine: backward on sums, one division by the global count, one optimizer step.

The runtime owns the boundaries of accumulation (``managed_gradient_accumulation`` is off), so that
the last step of an epoch may take fewer micro-batches than the others.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import torch
import torch.distributed
from torch import Tensor, nn
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.mesh import BATCH_AXES, Mesh
from arctic_training.engines.deepspeed.backend import deepspeed, enable_deepspeed_logging
from arctic_training.engines.deepspeed.derived_config import deepspeed_config
from arctic_training.engines.deepspeed.full_state_dict import full_state_dict
from arctic_training.engines.deepspeed.loss_scale import LossScale
from arctic_training.engines.deepspeed.universal_checkpoint import settings_of_each_group
from arctic_training.engines.deepspeed.wrapped_optimizer import (
    WrappedOptimizer,
    is_wrapped,
    reset_initial_step,
)
from arctic_training.errors import TrainingError

__all__ = ["DeepSpeedEngine"]

_LOSS_SCALE: Final = "loss_scale"
_NOT_FINITE: Final = "the gradients of this step are not finite (inf or NaN)"


class DeepSpeedEngine:
    """Implements ``Engine`` with DeepSpeed: ZeRO stages 0 to 3, in fp32, bf16 and fp16."""

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        scheduler: LRScheduler,
        config: TrainerConfig,
        mesh: Mesh,
    ) -> None:
        self._mesh = mesh
        self.zero_stage: int = config.deepspeed.zero_optimization.stage
        self.gradient_norm = 0.0
        """L2 norm of the last step's gradient over all parameters, before clipping."""
        self._max_grad_norm = config.deepspeed.gradient_clipping
        is_half = config.model.dtype == "fp16"
        self._loss_scale = LossScale.of(config.deepspeed.fp16) if is_half else None
        _refuse_scalars(model)
        self._wrapper: Any = deepspeed.initialize(
            model=model,
            optimizer=optimizer,
            lr_scheduler=scheduler,
            config=deepspeed_config(config, mesh, _trained_size(model)),
        )[0]
        if config.torch_compile:
            self._wrapper.compile()
        reset_initial_step(self._wrapper.optimizer)
        if not is_wrapped(self._wrapper.optimizer):
            self._wrapper.optimizer.register_step_pre_hook(self._clip)
        if config.deepspeed.steps_per_print:
            enable_deepspeed_logging()

    def train(self, *, mode: bool) -> None:
        """Set training or evaluation mode, of the model and of its wrapper.

        DeepSpeed's own methods leave the wrapper, whose ``training`` a loss reads, as it is.
        """
        nn.Module.train(self._wrapper, mode)

    @property
    def model(self) -> nn.Module:
        """The module to call in a forward pass: DeepSpeed's wrapper."""
        module: nn.Module = self._wrapper
        return module

    @property
    def unwrapped(self) -> nn.Module:
        """The module as the model factory built it."""
        module: nn.Module = self._wrapper.module
        return module

    @property
    def loss_scale(self) -> float:
        """Factor on the gradients of a summed loss until the optimizer step; 1 except in fp16."""
        return self._loss_scale.factor if self._loss_scale else 1.0

    def close(self) -> None:
        """Remove DeepSpeed's hooks on the parameters, which keep them and their state in memory.

        Computes nothing: it runs whenever the trainer is collected, even while another is compiled.
        """
        for hook in getattr(self._wrapper.optimizer, "_grad_acc_hooks", ()):
            hook.remove()

    def backward(self, loss_sum: Tensor) -> None:
        """Accumulate the gradient of a summed loss, a scalar.

        Raises:
            TrainingError: the sum does not depend on the model's parameters.

        """
        if not loss_sum.requires_grad:
            raise _without_gradient()
        self._wrapper.backward(loss_sum * self.loss_scale, scale_wrt_gas=False)

    def step(self, count: float) -> bool:
        """Divide the accumulated gradient by the global batch's count; take an optimizer step.

        DeepSpeed averages the gradient over all processes, those of the data and of the sequence
        axis, where the sum is wanted: the divisor makes up for that.

        Returns:
            Whether the parameters were updated; fp16 skips a step whose gradients overflow.

        Raises:
            TrainingError: there are no gradients, or they are not finite and cannot be rescaled.

        """
        divisor = count * self.loss_scale / self._mesh.size(*BATCH_AXES)
        optimizer = self._wrapper.optimizer
        if is_wrapped(optimizer):
            return self._step_wrapped(optimizer, divisor, count)
        gradients = [p.grad for p in self.unwrapped.parameters() if p.grad is not None]
        if not gradients:
            raise _without_gradient()
        torch._foreach_mul_(gradients, 1.0 / divisor)
        self._wrapper.step()
        return True

    def _step_wrapped(self, optimizer: WrappedOptimizer, divisor: float, count: float) -> bool:
        # The count is known after the backward pass only: it goes into the scale of this step.
        optimizer.loss_scale = divisor
        self._wrapper.step()
        optimizer.loss_scale = 1.0
        norm = float(self._wrapper.get_global_grad_norm())
        self.gradient_norm = norm if self.zero_stage else norm / divisor  # stage 0 does not divide
        if self._loss_scale is None:
            if optimizer.overflow:
                raise TrainingError(_NOT_FINITE)
        elif optimizer.overflow:
            self._loss_scale.step_skipped(count)
        else:
            self._loss_scale.step_taken(count)
        return not optimizer.overflow

    def _clip(self, optimizer: Optimizer, _arguments: object, _options: object) -> None:
        """Clip plain gradients as DeepSpeed's optimizers clip theirs, once they are reduced.

        Raises:
            TrainingError: they are not finite.

        """
        parameters = [each for group in optimizer.param_groups for each in group["params"]]
        gradients = [each.grad for each in parameters if each.grad is not None]
        self.gradient_norm = get_total_norm(gradients).item()
        if not math.isfinite(self.gradient_norm):
            raise TrainingError(_NOT_FINITE)
        if self.gradient_norm > self._max_grad_norm > 0:
            torch._foreach_mul_(gradients, self._max_grad_norm / self.gradient_norm)

    def follow(self, scheduler: LRScheduler) -> None:
        """Step another learning-rate schedule from now on."""
        self._wrapper.lr_scheduler = scheduler

    def save(self, folder: Path, tag: str) -> None:
        """Write parameters, optimizer states and schedule to ``folder / tag``; collective."""
        kept = {_LOSS_SCALE: self._loss_scale.as_dict()} if self._loss_scale else {}
        self._wrapper.save_checkpoint(str(folder), tag=tag, client_state=kept, save_latest=False)

    def load(self, folder: Path, tag: str) -> None:
        """Read what ``save`` wrote; collective.

        Raises:
            TrainingError: the folder holds no checkpoint that DeepSpeed can load.

        """
        found, kept = self._wrapper.load_checkpoint(str(folder), tag=tag)
        if found is None:
            raise TrainingError(f"{folder / tag} holds no checkpoint that DeepSpeed can load")
        if self._loss_scale:
            self._loss_scale.restore(kept[_LOSS_SCALE])

    def load_universal(self, folder: Path, tag: str) -> None:
        """Read the universal form of what ``save`` wrote, at ZeRO stages 1 to 3; collective.

        Raises:
            TrainingError: the folder holds no checkpoint that DeepSpeed can load.

        """
        settings = self._wrapper._config  # noqa: SLF001 - DeepSpeed has no argument for it
        settings.load_universal_checkpoint = True
        with settings_of_each_group(self._wrapper.optimizer.optimizer):
            self.load(folder, tag)
        settings.load_universal_checkpoint = False

    def full_state_dict(self, *, only_trained: bool = False) -> dict[str, Tensor]:
        """Return the whole model's parameters and buffers on the CPU of rank 0; collective.

        Other ranks get an empty dictionary. ``only_trained`` leaves out frozen parameters.
        """
        return full_state_dict(
            self.unwrapped, self._mesh, zero_stage=self.zero_stage, only_trained=only_trained
        )


def _without_gradient() -> TrainingError:
    return TrainingError(
        "the loss has no gradient: its sum does not depend on the model's parameters",
        hint="remove a `detach()`, an `item()` or a `torch.no_grad()` from its computation",
    )


def _trained_size(model: nn.Module) -> int:
    return sum(each.numel() for each in model.parameters() if each.requires_grad)


def _refuse_scalars(model: nn.Module) -> None:
    """Refuse 0-d parameters, which DeepSpeed can neither broadcast nor partition.

    Raises:
        TrainingError: the model has one.

    """
    for name, parameter in model.named_parameters():
        if not parameter.dim():
            raise TrainingError(
                f"parameter `{name}` is a scalar; DeepSpeed does not support 0-d parameters",
                hint="give it the shape (1,)",
            )
