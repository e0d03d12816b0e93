"""What data factories make and losses take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NotRequired, TypedDict

import torch
from torch import Tensor

__all__ = ["IGNORED", "PreferenceBatch", "SFTBatch", "squared_lengths"]

IGNORED: Final = -100
"""Label of a token that is not trained."""


class SFTBatch(TypedDict):
    """Conversations or documents, padded on the right.

    ``input_ids`` and ``labels`` are int64 of shape (samples, length). A label is the token id at
    the same place, or ``IGNORED``. ``lengths`` is int64 of shape (samples): tokens without the
    padding. Where several documents are packed into a row, ``position_ids``, int64 of shape
    (samples, length), begins at 0 with each of them.
    """

    input_ids: Tensor
    labels: Tensor
    lengths: Tensor
    position_ids: NotRequired[Tensor]


class PreferenceBatch(TypedDict):
    """Pairs of answers, padded on the right: the rows of all chosen ones, then the rejected ones.

    ``input_ids`` and ``labels`` are int64 of shape (2 * num_pairs, length), ``lengths`` is int64
    of shape (2 * num_pairs); all mean what they mean in ``SFTBatch``. The prompt stands in both
    rows of a pair and is not trained.
    """

    num_pairs: int
    input_ids: Tensor
    labels: Tensor
    lengths: Tensor


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
