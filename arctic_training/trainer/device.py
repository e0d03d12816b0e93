"""Batches to where the model computes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

import torch
from torch import Tensor

__all__ = ["to_device"]

BatchT = TypeVar("BatchT", bound=Mapping[str, object])


def to_device(batch: BatchT, device: torch.device) -> BatchT:
    """Return the batch with its tensors on ``device``; everything else passes through."""
    moved = {
        name: value.to(device, non_blocking=True) if isinstance(value, Tensor) else value
        for name, value in batch.items()
    }
    return cast("BatchT", moved)
