"""Samples in tokens: a whole set in a few arrays, and the rows of batches made of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from arctic_training.data.store.mapped_arrays import Parcel, opened, parcel

__all__ = ["OverLength", "Packs", "Row", "Rows", "Sample", "Samples"]

OverLength: TypeAlias = Literal["drop", "truncate", "split"]
"""What becomes of a sample that is too long."""

_AT_ONCE: Final = 2**18


class Sample(NamedTuple):
    """Tokens of shape (length): int32 ids, and whether each is trained."""

    input_ids: NDArray[np.int32]
    trained: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples, each a stretch of a long row of tokens.

    ``input_ids``, int32, and ``trained``, bool, are of shape (tokens). ``starts`` and ``lengths``,
    int64, are of shape (samples): sample ``i`` are the ``lengths[i]`` tokens from ``starts[i]``
    on, each behind the one before. The first token of a sample is never trained: nothing stands
    before it. No method copies the tokens: they may stand in files that memory does not hold.
    """

    input_ids: NDArray[np.int32]
    trained: NDArray[np.bool_]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Samples:
        """Put samples one behind the other."""
        listed = list(samples)
        lengths = np.array([len(sample.input_ids) for sample in listed], dtype=np.int64)
        nothing = Sample(np.empty(0, np.int32), np.empty(0, np.bool_))
        ids, trained = zip(nothing, *listed, strict=True)
        return cls(np.concatenate(ids), np.concatenate(trained), _starts(lengths), lengths)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.lengths)

    def __getitem__(self, index: int) -> Sample:
        """Return a sample."""
        start = self.starts[index]
        end = start + self.lengths[index]
        trained = self.trained[start:end].copy()
        trained[:1] = False
        return Sample(self.input_ids[start:end], trained)

    @override
    def __reduce__(self) -> tuple[object, ...]:
        """Send the names of files to the processes that make batches, and not what is in them."""
        starts, lengths = parcel(self.starts), parcel(self.lengths)
        return _received, (parcel(self.input_ids), parcel(self.trained), starts, lengths)

    @property
    def num_tokens(self) -> int:
        """Tokens of all samples."""
        return int(self.lengths.sum())

    @property
    def num_trained(self) -> NDArray[np.int64]:
        """Trained tokens of each sample."""
        ends = self.starts + self.lengths
        before = _num_before(np.minimum(self.starts + 1, ends), self.trained)
        return _num_before(ends, self.trained) - before

    def singly(self) -> Packs:
        """Return packs of one sample each."""
        return Packs(np.arange(len(self)), np.ones(len(self), dtype=np.int64))

    def joined(self) -> Samples:
        """Return all samples as one; between them there is nothing."""
        lengths = np.array([self.num_tokens], dtype=np.int64)
        return replace(self, starts=_starts(lengths), lengths=lengths)

    def where(self, chosen: NDArray[np.bool_]) -> Samples:
        """Return the chosen samples; ``chosen`` is of shape (samples)."""
        if chosen.all():
            return self
        return replace(self, starts=self.starts[chosen], lengths=self.lengths[chosen])

    def fitted(self, max_length: int, over_length: OverLength) -> Samples:
        """Return samples of at most ``max_length`` tokens; longer ones are treated as asked.

        A part of a sample that is split begins anew: its first token is not trained.
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


def _received(
    ids: NDArray[np.int32] | Parcel[np.int32],
    trained: NDArray[np.bool_] | Parcel[np.bool_],
    starts: NDArray[np.int64] | Parcel[np.int64],
    lengths: NDArray[np.int64] | Parcel[np.int64],
) -> Samples:
    return Samples(opened(ids), opened(trained), opened(starts), opened(lengths))


def _starts(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each begins of what stands one behind the other."""
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
"""Samples that stand in one row of a batch, one behind the other."""


@dataclass(frozen=True, slots=True)
class Packs:
    """Which samples make a row, for each row.

    ``numbers``, int64 of shape (samples), are those of all rows, one row behind the other, and
    ``lengths``, int64 of shape (rows), says how many each has.
    """

    numbers: NDArray[np.int64]
    lengths: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.lengths)


class Rows(Sequence[Row]):
    """Rows of batches."""

    def __init__(self, samples: Samples, packs: Packs) -> None:
        self.samples = samples
        self.packs = packs
        self._ends = np.cumsum(packs.lengths)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each row."""
        tokens = np.cumsum(np.append(0, self.samples.lengths[self.packs.numbers]))
        lengths: NDArray[np.int64] = tokens[self._ends] - tokens[self._ends - self.packs.lengths]
        return lengths

    @override
    def __len__(self) -> int:
        return len(self.packs)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    @override
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        end = self._ends[index]
        numbers = self.packs.numbers[end - self.packs.lengths[index] : end]
        return [self.samples[number] for number in numbers.tolist()]
