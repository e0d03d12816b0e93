"""DeepSpeed, behind a small typed surface: backward on sums, one division, one step.

The runtime owns the boundaries of accumulation (``managed_gradient_accumulation`` is off), so that
the last step of an epoch may take fewer micro-batches than the others.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Protocol, TypeGuard

import torch
import torch.distributed
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from arctic_training.config.trainer import TrainerConfig
from arctic_training.errors import TrainingError
from arctic_training.trainer.backend import deepspeed

__all__ = ["Engine", "deepspeed_config"]

_STAGE_THAT_SPREADS_WEIGHTS: Final = 3


class Engine:
    """Runs a model: forward, backward, step, and the gathering of what is spread out."""

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        scheduler: LRScheduler,
        config: TrainerConfig,
    ) -> None:
        self.world_size = torch.distributed.get_world_size()
        self.zero_stage: int = config.deepspeed.zero_optimization.stage
        self._wrapper: Any = deepspeed.initialize(
            model=model,
            optimizer=optimizer,
            lr_scheduler=scheduler,
            config=deepspeed_config(config, self.world_size),
        )[0]

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

    def backward(self, loss_sum: Tensor) -> None:
        """Add the gradient of a sum to what has been accumulated."""
        self._wrapper.backward(loss_sum, scale_wrt_gas=False)

    def step(self, count: float) -> None:
        """Divide the accumulated gradient by ``count``, the global batch's, and take a step.

        DeepSpeed has taken, or takes, the mean of the gradient over the processes where the sum is
        wanted: the division makes up for that.
        """
        divisor = count / self.world_size
        optimizer = self._wrapper.optimizer
        if _scales_losses(optimizer):
            optimizer.override_loss_scale(divisor)
            self._wrapper.step()
            optimizer.override_loss_scale(1.0)
        else:
            gradients = [p.grad for p in self.unwrapped.parameters() if p.grad is not None]
            torch._foreach_mul_(gradients, 1.0 / divisor)
            self._wrapper.step()

    def save(self, folder: Path, tag: str) -> None:
        """Write weights, optimizer and schedule into ``folder / tag``."""
        self._wrapper.save_checkpoint(str(folder), tag=tag, save_latest=False)

    def load(self, folder: Path, tag: str) -> None:
        """Read what ``save`` wrote.

        Raises:
            TrainingError: DeepSpeed finds no checkpoint there.

        """
        found, _ = self._wrapper.load_checkpoint(str(folder), tag=tag)
        if found is None:
            raise TrainingError(f"{folder / tag} holds no checkpoint that DeepSpeed can load")

    def full_state_dict(self) -> dict[str, Tensor]:
        """Return the whole model's weights on the CPU, gathered where they are spread out.

        The first process of a run gets them, the others nothing; all have to call it.
        """
        module, is_first = self.unwrapped, torch.distributed.get_rank() == 0
        if self.zero_stage < _STAGE_THAT_SPREADS_WEIGHTS:
            state = module.state_dict() if is_first else {}
            return {name: value.detach().cpu() for name, value in state.items()}
        weights: dict[str, Tensor] = {}
        for name, parameter in module.named_parameters(remove_duplicate=False):
            with deepspeed.zero.GatheredParameters([parameter]):
                if is_first:
                    weights[name] = parameter.detach().cpu().clone()
        if not is_first:
            return {}
        state = module.state_dict()
        buffers = {
            name: value.detach().cpu() for name, value in state.items() if name not in weights
        }
        return weights | buffers


class _ScalingOptimizer(Protocol):
    def override_loss_scale(self, loss_scale: float) -> None: ...


def _scales_losses(optimizer: object) -> TypeGuard[_ScalingOptimizer]:
    """Tell DeepSpeed's optimizers, which divide while they step, from PyTorch's own."""
    return hasattr(optimizer, "override_loss_scale")


def deepspeed_config(config: TrainerConfig, world_size: int) -> dict[str, object]:
    """Derive DeepSpeed's configuration from the recipe: what stands there stands nowhere else."""
    accumulation = config.gradient_accumulation_steps
    derived: dict[str, object] = {
        "train_micro_batch_size_per_gpu": config.micro_batch_size,
        "gradient_accumulation_steps": accumulation,
        "train_batch_size": config.micro_batch_size * accumulation * world_size,
        "managed_gradient_accumulation": False,
        "gradient_clipping": config.deepspeed.gradient_clipping,
        "zero_optimization": config.deepspeed.zero_optimization.model_dump(exclude_none=True),
        "zero_allow_untested_optimizer": True,
        "steps_per_print": None,
        "wall_clock_breakdown": False,
    }
    if config.model.dtype == "bf16":
        derived["bf16"] = {"enabled": True}
    return derived
