"""What data factories make and losses take."""

from __future__ import annotations

from typing import Final, NotRequired, TypedDict

from torch import Tensor

__all__ = ["IGNORED", "PreferenceBatch", "SFTBatch"]

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
