"""Which parameters decay."""

from __future__ import annotations

from torch import nn
from torch.nn import Parameter

__all__ = ["decay_groups"]


def decay_groups(model: nn.Module, weight_decay: float) -> list[dict[str, list[Parameter] | float]]:
    """Split the trainable parameters into those that decay, matrices, and those that do not.

    Biases and the weights of norms have one dimension. Empty groups are left out.
    """
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    decaying = [parameter for parameter in trainable if parameter.dim() > 1]
    others = [parameter for parameter in trainable if parameter.dim() <= 1]
    groups: list[dict[str, list[Parameter] | float]] = [
        {"params": decaying, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]
