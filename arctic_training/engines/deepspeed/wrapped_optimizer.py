"""DeepSpeed's own optimizers, which wrap one of PyTorch and divide gradients as they step."""

from __future__ import annotations

from typing import Protocol, TypeGuard

from arctic_training.engines.deepspeed.backend import deepspeed

__all__ = ["WrappedOptimizer", "is_wrapped", "reset_initial_step"]


class WrappedOptimizer(Protocol):
    """An optimizer of DeepSpeed: of a ZeRO stage above 0, or of 16-bit parameters."""

    loss_scale: float
    """Divisor of the gradients at the next step."""

    overflow: bool
    """Whether the gradients of the last step were not finite, so that it was skipped."""


def is_wrapped(optimizer: object) -> TypeGuard[WrappedOptimizer]:
    """Return whether an optimizer is DeepSpeed's, and not PyTorch's own."""
    return hasattr(optimizer, "loss_scale")


def reset_initial_step(optimizer: object) -> None:
    """Undo the step that DeepSpeed's 16-bit optimizer of stage 0 takes when it is initialized.

    Its gradients are zero, but AdamW counts the step and applies weight decay.
    """
    if isinstance(optimizer, deepspeed.runtime.fp16.unfused_optimizer.FP16_UnfusedOptimizer):
        optimizer.optimizer.state.clear()
        optimizer.refresh_fp32_params()
