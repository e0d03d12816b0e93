"""What data factories make and losses take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NotRequired, TypedDict

import torch
from torch import Tensor

__all__ = [
    "IGNORE_INDEX",
    "PreferenceBatch",
    "RowBatch",
    "SFTBatch",
    "UnpairedBatch",
    "squared_lengths",
]

IGNORE_INDEX: Final = -100
"""Label where the loss leaves a token out; cross-entropies of PyTorch skip it by default."""


class RowBatch(TypedDict):
    """What every batch has: rows of tokens, padded on the right.

    ``input_ids`` and ``shift_labels`` are int64 of shape (rows, length). The label at a place is
    the token that follows it in its document, or ``IGNORE_INDEX`` where that token is not in the
    loss or there is none: losses compare it with the logits of the same place and shift nothing.
    ``lengths`` is int64 of shape (rows): tokens without the padding.
    """

    input_ids: Tensor
    shift_labels: Tensor
    lengths: Tensor


class SFTBatch(RowBatch):
    """Conversations or documents, one a row or several.

    Where several documents are packed into a row, ``position_ids``, int64 of shape (rows, length),
    begins at 0 with each of them.
    """

    position_ids: NotRequired[Tensor]


class PreferenceBatch(RowBatch):
    """Pairs of answers: the rows of all chosen ones, then those of the rejected ones.

    There are 2 * num_pairs rows. The prompt is in both rows of a pair and is not trained.
    """

    num_pairs: int


class UnpairedBatch(RowBatch):
    """Single answers: ``is_good``, bool of shape (rows), says of each whether it is a good one.

    The prompt precedes it and is not trained.
    """

    is_good: Tensor


def squared_lengths(batch: Mapping[str, object]) -> int:
    """Return the sum over a batch's documents of their tokens squared: what attention costs.

    A batch without ``lengths`` has none to speak of: 0.
    """
    lengths, positions = batch.get("lengths"), batch.get("position_ids")
    if not isinstance(lengths, Tensor):
        return 0
    if not isinstance(positions, Tensor):
        return int((lengths**2).sum())
    is_token = torch.arange(positions.shape[1]) < lengths[:, None]
    # Of a document of n tokens, at the positions p from 0 to n - 1, all 2p + 1 add up to n^2.
    return int((2 * positions + 1)[is_token].sum())
