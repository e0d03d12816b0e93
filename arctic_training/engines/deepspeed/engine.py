"""DeepSpeed, behind a small typed surface: backward on sums, one division, one step.

The runtime owns the boundaries of accumulation (``managed_gradient_accumulation`` is off), so that
the last step of an epoch may take fewer micro-batches than the others.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final, Protocol, TypeGuard

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
from arctic_training.engines.deepspeed.loss_scale import LossScale
from arctic_training.engines.deepspeed.universal_checkpoint import settings_of_each_group
from arctic_training.errors import TrainingError

__all__ = ["DeepSpeedEngine"]

_STAGE_WITH_SHARDED_PARAMETERS: Final = 3
_LOSS_SCALE: Final = "loss_scale"


class DeepSpeedEngine:
    """DeepSpeed as an engine: forward, backward, optimizer step, gathering of sharded weights."""

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
        """Norm of the last step's gradient, over all weights, before clipping."""
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
        _reset_initial_step(self._wrapper.optimizer)
        if not _scales_losses(self._wrapper.optimizer):
            self._wrapper.optimizer.register_step_pre_hook(self._clip)
        if config.deepspeed.steps_per_print:
            enable_deepspeed_logging()

    def train(self, *, mode: bool) -> None:
        """Put the model into training mode or into evaluation mode, and its wrapper with it.

        DeepSpeed's own methods leave the wrapper, whose ``training`` a loss reads, as it is.
        """
        nn.Module.train(self._wrapper, mode)

    @property
    def model(self) -> nn.Module:
        """The model to call: DeepSpeed's wrapper of it."""
        module: nn.Module = self._wrapper
        return module

    @property
    def unwrapped(self) -> nn.Module:
        """The model itself, as the model factory made it."""
        module: nn.Module = self._wrapper.module
        return module

    @property
    def loss_scale(self) -> float:
        """What the gradients of a sum of losses are multiplied by until the step: 1 but in fp16."""
        return self._loss_scale.factor if self._loss_scale else 1.0

    def close(self) -> None:
        """Take back DeepSpeed's hooks on the weights, which keep them and their state in memory.

        Nothing is computed: this runs whenever the trainer is collected, while another is compiled.
        """
        for hook in getattr(self._wrapper.optimizer, "_grad_acc_hooks", ()):
            hook.remove()

    def backward(self, loss_sum: Tensor) -> None:
        """Add the gradient of a sum to what has been accumulated.

        Raises:
            TrainingError: the sum does not come from the weights.

        """
        if not loss_sum.requires_grad:
            raise _without_gradient()
        self._wrapper.backward(loss_sum * self.loss_scale, scale_wrt_gas=False)

    def step(self, count: float) -> bool:
        """Divide the accumulated gradient by ``count``, the global batch's, and take a step.

        DeepSpeed averages the gradient over all processes, those of the data and of the sequence
        axis, where the sum is wanted: the divisor makes up for that.

        Returns:
            Whether the step was taken; in fp16, one whose gradients overflow is skipped.

        Raises:
            TrainingError: there are no gradients, or they are no finite numbers, and no scale makes
                up for it.

        """
        divisor = count * self.loss_scale / self._mesh.size(*BATCH_AXES)
        optimizer = self._wrapper.optimizer
        if not _scales_losses(optimizer):
            gradients = [p.grad for p in self.unwrapped.parameters() if p.grad is not None]
            if not gradients:
                raise _without_gradient()
            torch._foreach_mul_(gradients, 1.0 / divisor)
            self._wrapper.step()
            return True
        optimizer.loss_scale = divisor
        self._wrapper.step()
        optimizer.loss_scale = 1.0
        norm = float(self._wrapper.get_global_grad_norm())
        self.gradient_norm = norm if self.zero_stage else norm / divisor  # stage 0 does not divide
        if self._loss_scale is None and optimizer.overflow:
            raise TrainingError("the gradients of the step are no finite numbers")
        if self._loss_scale is not None:
            adapt = (
                self._loss_scale.step_skipped if optimizer.overflow else self._loss_scale.step_taken
            )
            adapt(count)
        return not optimizer.overflow

    def _clip(self, optimizer: Optimizer, _arguments: object, _options: object) -> None:
        """Clip plain gradients as DeepSpeed's optimizers do theirs, once all processes have them.

        Raises:
            TrainingError: they are no finite numbers.

        """
        weights = [weight for group in optimizer.param_groups for weight in group["params"]]
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        self.gradient_norm = get_total_norm(gradients).item()
        if not math.isfinite(self.gradient_norm):
            raise TrainingError("the gradients of the step are no finite numbers")
        if self.gradient_norm > self._max_grad_norm > 0:
            torch._foreach_mul_(gradients, self._max_grad_norm / self.gradient_norm)

    def follow(self, scheduler: LRScheduler) -> None:
        """Step another learning-rate schedule from now on."""
        self._wrapper.lr_scheduler = scheduler

    def save(self, folder: Path, tag: str) -> None:
        """Write weights, optimizer and schedule into ``folder / tag``."""
        kept = {_LOSS_SCALE: self._loss_scale.as_dict()} if self._loss_scale else {}
        self._wrapper.save_checkpoint(str(folder), tag=tag, client_state=kept, save_latest=False)

    def load(self, folder: Path, tag: str) -> None:
        """Read what ``save`` wrote.

        Raises:
            TrainingError: DeepSpeed finds no checkpoint there.

        """
        found, kept = self._wrapper.load_checkpoint(str(folder), tag=tag)
        if found is None:
            raise TrainingError(f"{folder / tag} holds no checkpoint that DeepSpeed can load")
        if self._loss_scale:
            self._loss_scale.restore(kept[_LOSS_SCALE])

    def load_universal(self, folder: Path, tag: str) -> None:
        """Read the universal form of what ``save`` wrote, at ZeRO stages that share out.

        Raises:
            TrainingError: DeepSpeed finds no checkpoint there.

        """
        settings = self._wrapper._config  # noqa: SLF001 - DeepSpeed has no argument for it
        settings.load_universal_checkpoint = True
        with settings_of_each_group(self._wrapper.optimizer.optimizer):
            self.load(folder, tag)
        settings.load_universal_checkpoint = False

    def full_state_dict(self, *, only_trained: bool = False) -> dict[str, Tensor]:
        """Return the whole model's weights on the CPU, gathered where they are spread out.

        The first process of a run gets them, the others nothing; all have to call it. With
        ``only_trained``, those that give no gradient are left out.
        """
        module, is_first = self.unwrapped, self._mesh.is_first
        parameters = dict(module.named_parameters(remove_duplicate=False))
        left_out = {n for n, p in parameters.items() if only_trained and not p.requires_grad}
        if self.zero_stage < _STAGE_WITH_SHARDED_PARAMETERS:
            state = module.state_dict() if is_first else {}
            return {n: value.detach().cpu() for n, value in state.items() if n not in left_out}
        weights: dict[str, Tensor] = {}
        for name, parameter in parameters.items():
            if name in left_out:
                continue
            with deepspeed.zero.GatheredParameters([parameter]):
                if is_first:
                    weights[name] = parameter.detach().cpu().clone()
        if not is_first:
            return {}
        state = module.state_dict()
        buffers = {n: value.detach().cpu() for n, value in state.items() if n not in parameters}
        return weights | buffers


def _without_gradient() -> TrainingError:
    return TrainingError(
        "the loss has no gradient: its sum does not come from the model's weights",
        hint="take out a `detach()`, an `item()` or a `torch.no_grad()` on its way",
    )


def _trained_size(model: nn.Module) -> int:
    return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)


def _refuse_scalars(model: nn.Module) -> None:
    """Find a weight without a dimension, which DeepSpeed can neither send nor share out.

    Raises:
        TrainingError: there is one.

    """
    for name, weight in model.named_parameters():
        if not weight.dim():
            raise TrainingError(
                f"the weight `{name}` has no dimension, and DeepSpeed takes none such",
                hint="give it the shape (1,)",
            )


def _reset_initial_step(optimizer: object) -> None:
    """Undo the step that DeepSpeed's optimizer of stage 0 in 16 bits takes when it is made.

    Its gradients are zero, but AdamW counts it among its steps, and lets weights decay.
    """
    if isinstance(optimizer, deepspeed.runtime.fp16.unfused_optimizer.FP16_UnfusedOptimizer):
        optimizer.optimizer.state.clear()
        optimizer.refresh_fp32_params()


class _ScalingOptimizer(Protocol):
    loss_scale: float
    overflow: bool


def _scales_losses(optimizer: object) -> TypeGuard[_ScalingOptimizer]:
    """Tell DeepSpeed's optimizers, which divide while they step, from PyTorch's own."""
    return hasattr(optimizer, "loss_scale")
