"""Which parameters decay, and which of them are hidden matrices."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from torch import nn
from torch.nn import Parameter

__all__ = ["decay_groups", "hidden_matrices"]


def decay_groups(
    model: nn.Module, weight_decay: float, *, without: Collection[Parameter] = ()
) -> list[dict[str, list[Parameter] | float]]:
    """Split the trainable parameters into those that decay, matrices, and those that do not.

    Biases and the weights of norms have one dimension. Empty groups are left out.
    """
    left_out = set(map(id, without))
    trainable = [p for p in _trainable(model) if id(p) not in left_out]
    decaying = [parameter for parameter in trainable if parameter.dim() > 1]
    others = [parameter for parameter in trainable if parameter.dim() <= 1]
    groups: list[dict[str, list[Parameter] | float]] = [
        {"params": decaying, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def hidden_matrices(model: nn.Module) -> list[Parameter]:
    """Return the trainable matrices that are neither an embedding nor the head of the model."""
    outer = [module.weight for module in model.modules() if isinstance(module, nn.Embedding)]
    head = getattr(model, "get_output_embeddings", lambda: None)() or getattr(model, "score", None)
    outer += [] if head is None else [head.weight]
    named = set(map(id, outer))
    return [p for p in _trainable(model) if p.dim() == 2 and id(p) not in named]  # noqa: PLR2004


def _trainable(model: nn.Module) -> Iterable[Parameter]:
    return (parameter for parameter in model.parameters() if parameter.requires_grad)
