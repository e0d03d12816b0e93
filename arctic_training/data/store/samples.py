"""Tokenised samples of a whole set in a few arrays, and the rows that batches are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from arctic_training.data.store.mapped_arrays import Parcel, opened, parcel

__all__ = ["OverLength", "Row", "RowIndex", "Rows", "Sample", "Samples"]

OverLength: TypeAlias = Literal["drop", "truncate", "split"]
"""How samples that are too long are treated."""

_AT_ONCE: Final = 2**18


class Sample(NamedTuple):
    """Token ids, int32, and which of them have loss, bool; both of shape (length)."""

    input_ids: NDArray[np.int32]
    loss_mask: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples as slices of concatenated tokens.

    ``input_ids``, int32, and ``loss_mask``, bool, are of shape (tokens). ``starts`` and
    ``lengths``, int64, are of shape (samples): sample ``i`` is the ``lengths[i]`` tokens from
    ``starts[i]`` on. The first token of a sample never has loss: no token predicts it. No method
    copies the tokens, which may be in files larger than memory.
    """

    input_ids: NDArray[np.int32]
    loss_mask: NDArray[np.bool_]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Samples:
        """Concatenate samples."""
        listed = list(samples)
        lengths = np.array([len(sample.input_ids) for sample in listed], dtype=np.int64)
        nothing = Sample(np.empty(0, np.int32), np.empty(0, np.bool_))
        ids, loss_mask = zip(nothing, *listed, strict=True)
        return cls(np.concatenate(ids), np.concatenate(loss_mask), _starts(lengths), lengths)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.lengths)

    def __getitem__(self, index: int) -> Sample:
        """Return a sample."""
        start = self.starts[index]
        end = start + self.lengths[index]
        loss_mask = self.loss_mask[start:end].copy()
        loss_mask[:1] = False
        return Sample(self.input_ids[start:end], loss_mask)

    @override
    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the names of mapped files in place of their content, for worker processes."""
        starts, lengths = parcel(self.starts), parcel(self.lengths)
        return _unpickled, (parcel(self.input_ids), parcel(self.loss_mask), starts, lengths)

    @property
    def num_tokens(self) -> int:
        """Number of tokens of all samples."""
        return int(self.lengths.sum())

    @property
    def num_loss_tokens(self) -> NDArray[np.int64]:
        """Number of tokens with loss of each sample, of shape (samples)."""
        ends = self.starts + self.lengths
        before = _num_before(np.minimum(self.starts + 1, ends), self.loss_mask)
        return _num_before(ends, self.loss_mask) - before

    def one_per_row(self) -> RowIndex:
        """Return rows of one sample each."""
        return RowIndex(np.arange(len(self)), np.ones(len(self), dtype=np.int64))

    def concatenate(self) -> Samples:
        """Return all samples as one, without tokens between them."""
        lengths = np.array([self.num_tokens], dtype=np.int64)
        return replace(self, starts=_starts(lengths), lengths=lengths)

    def where(self, chosen: NDArray[np.bool_]) -> Samples:
        """Return the chosen samples; ``chosen`` is of shape (samples)."""
        if chosen.all():
            return self
        return replace(self, starts=self.starts[chosen], lengths=self.lengths[chosen])

    def fit_to_length(self, max_length: int, over_length: OverLength) -> Samples:
        """Return samples of at most ``max_length`` tokens; longer ones are treated as asked.

        Each part of a split sample is a sample: its first token has no loss.
        """
        match over_length:
            case "drop":
                return self.where(self.lengths <= max_length)
            case "truncate":
                return replace(self, lengths=np.minimum(self.lengths, max_length))
            case "split":
                num_parts = np.maximum(1, -(-self.lengths // max_length))
                part = np.arange(num_parts.sum()) - np.repeat(_starts(num_parts), num_parts)
                lengths = np.repeat(self.lengths, num_parts) - part * max_length
                starts = np.repeat(self.starts, num_parts) + part * max_length
                return replace(self, starts=starts, lengths=np.minimum(lengths, max_length))


def _unpickled(
    ids: NDArray[np.int32] | Parcel[np.int32],
    loss_mask: NDArray[np.bool_] | Parcel[np.bool_],
    starts: NDArray[np.int64] | Parcel[np.int64],
    lengths: NDArray[np.int64] | Parcel[np.int64],
) -> Samples:
    return Samples(opened(ids), opened(loss_mask), opened(starts), opened(lengths))


def _starts(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the offsets of concatenated parts."""
    return np.cumsum(lengths) - lengths


def _num_before(places: NDArray[np.int64], flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many flags are set before each of the places, which rise."""
    counts = np.empty(len(places), dtype=np.int64)
    total = done = 0
    for first in range(0, len(flags) + 1, _AT_ONCE):
        sums = np.concatenate([[0], np.cumsum(flags[first : first + _AT_ONCE], dtype=np.int64)])
        until = int(places.searchsorted(first + _AT_ONCE))
        counts[done:until] = total + sums[places[done:until] - first]
        total, done = total + int(sums[-1]), until
    return counts


Row: TypeAlias = list[Sample]
"""The samples that are concatenated in one row of a batch."""


@dataclass(frozen=True, slots=True)
class RowIndex:
    """Which samples each row consists of.

    ``samples``, int64 of shape (samples), has the indices of the samples of all rows, row after
    row; ``counts``, int64 of shape (rows), has the number of samples in each row.
    """

    samples: NDArray[np.int64]
    counts: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.counts)


class Rows(Sequence[Row]):
    """Rows of batches."""

    def __init__(self, samples: Samples, row_index: RowIndex) -> None:
        self.samples = samples
        self.row_index = row_index
        self._ends = np.cumsum(row_index.counts)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each row."""
        tokens = np.cumsum(np.append(0, self.samples.lengths[self.row_index.samples]))
        lengths: NDArray[np.int64] = tokens[self._ends] - tokens[self._ends - self.row_index.counts]
        return lengths

    @override
    def __len__(self) -> int:
        return len(self.row_index)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    @override
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        end = self._ends[index]
        indices = self.row_index.samples[end - self.row_index.counts[index] : end]
        return [self.samples[sample] for sample in indices.tolist()]
