"""The engine protocol: what runs forward passes, backward passes and optimizer steps."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler

__all__ = ["Engine"]


class Engine(Protocol):
    """Runs a model: gradients of sums, one division by the global count, one optimizer step.

    Implemented by ``DeepSpeedEngine``. Nothing above an engine knows how parameters, gradients and
    optimizer states are sharded.
    """

    @property
    def model(self) -> nn.Module:
        """The module to call in a forward pass; it may wrap the one that was built."""

    @property
    def unwrapped(self) -> nn.Module:
        """The module as the model factory built it."""

    @property
    def zero_stage(self) -> int:
        """ZeRO stage, 0 to 3; 0 where nothing is sharded."""

    @property
    def gradient_norm(self) -> float:
        """L2 norm of the last step's gradient over all parameters, before clipping."""

    @property
    def loss_scale(self) -> float:
        """Factor on the gradients of a summed loss until the optimizer step; 1 except in fp16."""

    def train(self, *, mode: bool) -> None:
        """Put the model into training mode, or into evaluation mode."""

    def backward(self, loss_sum: Tensor) -> None:
        """Accumulate the gradient of a summed loss, a scalar.

        Raises:
            TrainingError: the sum does not depend on the model's parameters.

        """

    def step(self, count: float) -> bool:
        """Divide the accumulated gradient by the global batch's count; take an optimizer step.

        Returns:
            Whether the parameters were updated; fp16 skips a step whose gradients overflow.

        Raises:
            TrainingError: there are no gradients, or they are not finite and cannot be rescaled.

        """

    def follow(self, scheduler: LRScheduler) -> None:
        """Step another learning-rate schedule from now on."""

    def save(self, folder: Path, tag: str) -> None:
        """Write parameters, optimizer states and schedule to ``folder / tag``; collective."""

    def load(self, folder: Path, tag: str) -> None:
        """Read what ``save`` wrote; collective.

        Raises:
            TrainingError: the folder holds no checkpoint of this engine.

        """

    def load_universal(self, folder: Path, tag: str) -> None:
        """Read the form of a checkpoint that is independent of the number of processes.

        Raises:
            TrainingError: the folder holds no such checkpoint.

        """

    def full_state_dict(self, *, only_trained: bool = False) -> dict[str, Tensor]:
        """Return the whole model's parameters and buffers on the CPU of rank 0; collective.

        Other ranks get an empty dictionary. ``only_trained`` leaves out frozen parameters.
        """

    def close(self) -> None:
        """Release hooks that keep the parameters in memory; computes nothing."""
