"""``labels`` of interface 1, for scripts that look at batches; losses read ``shift_labels``."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import TypeVar, cast

import torch
from torch import Tensor

from arctic_training.data.batches import IGNORE_INDEX

__all__ = ["with_former_labels"]

BatchT = TypeVar("BatchT")

_WARNING = "batches carry `shift_labels`, the label of each next token; `labels` will be removed"


class _FormerLabels(dict[str, object]):
    """A batch that computes ``labels`` when they are read; they are not among its keys."""

    def __missing__(self, key: str) -> Tensor:
        parts = [self.get(name) for name in ("input_ids", "shift_labels", "lengths")]
        tensors = [part for part in parts if isinstance(part, Tensor)]
        if key != "labels" or len(tensors) < len(parts):
            raise KeyError(key)
        warnings.warn(_WARNING, FutureWarning, stacklevel=2)
        positions = self.get("position_ids")
        is_first = positions == 0 if isinstance(positions, Tensor) else None
        ids, shifted, lengths = tensors
        return _unshifted(ids, shifted, lengths, is_first)


def with_former_labels(batch: BatchT) -> BatchT:
    """Return the batch with readable ``labels``, unless it has its own or is not a dictionary."""
    if not isinstance(batch, dict) or "labels" in batch or "shift_labels" not in batch:
        return batch
    return cast("BatchT", _FormerLabels(batch))


def _unshifted(ids: Tensor, shifted: Tensor, lengths: Tensor, is_first: Tensor | None) -> Tensor:
    """Return each token's own label, int64 of shape (rows, length).

    Nothing predicts the first token of a document, so its label is not in ``shift_labels``. It was
    the token itself in documents of which every token is trained: ids ``5 6 7`` with shifted labels
    ``6 7 -100`` give ``5 6 7``, and with ``-100 7 -100`` they give ``-100 -100 7``.
    """
    labels = torch.full_like(shifted, IGNORE_INDEX)
    for row, length in enumerate(lengths.tolist()):
        found = [0] if is_first is None else is_first[row, :length].nonzero().flatten().tolist()
        for start, end in pairwise([*found, length]):
            following = shifted[row, start : end - 1]
            labels[row, start + 1 : end] = following
            if (following != IGNORE_INDEX).all():
                labels[row, start] = ids[row, start]
    return labels
