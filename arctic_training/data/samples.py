"""Samples in tokens: a whole set in a few arrays, and the rows of batches made of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

__all__ = ["OverLength", "Row", "Rows", "Sample", "Samples"]

OverLength: TypeAlias = Literal["drop", "truncate", "split"]
"""What becomes of a sample that is too long."""


class Sample(NamedTuple):
    """Tokens of shape (length): int32 ids, and whether each is trained."""

    input_ids: NDArray[np.int32]
    trained: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples one behind the other.

    ``input_ids``, int32, and ``trained``, bool, are of shape (tokens). ``bounds``, int64, is of
    shape (samples + 1): sample ``i`` are the tokens from ``bounds[i]`` to ``bounds[i + 1]``. The
    first token of a sample is never trained: nothing stands before it.
    """

    input_ids: NDArray[np.int32]
    trained: NDArray[np.bool_]
    bounds: NDArray[np.int64]

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Samples:
        """Put samples one behind the other."""
        listed = list(samples)
        bounds = np.cumsum([0, *(len(sample.input_ids) for sample in listed)], dtype=np.int64)
        nothing = Sample(np.empty(0, np.int32), np.empty(0, np.bool_))
        ids, trained = zip(nothing, *listed, strict=True)
        return cls._begun(np.concatenate(ids), np.concatenate(trained), bounds)

    @classmethod
    def _begun(
        cls, ids: NDArray[np.int32], trained: NDArray[np.bool_], bounds: NDArray[np.int64]
    ) -> Samples:
        trained[bounds[:-1][np.diff(bounds) > 0]] = False
        return cls(ids, trained, bounds)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.bounds) - 1

    def __getitem__(self, index: int) -> Sample:
        """Return a sample; its arrays are views."""
        start, end = self.bounds[index], self.bounds[index + 1]
        return Sample(self.input_ids[start:end], self.trained[start:end])

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each sample."""
        return np.diff(self.bounds)

    @property
    def num_trained(self) -> NDArray[np.int64]:
        """Trained tokens of each sample."""
        total = np.concatenate([[0], np.cumsum(self.trained, dtype=np.int64)])
        return np.diff(total[self.bounds])

    def singly(self) -> list[list[int]]:
        """Return packs of one sample each."""
        return [[number] for number in range(len(self))]

    def joined(self) -> Samples:
        """Return all samples as one."""
        bounds = np.array([0, len(self.input_ids)], dtype=np.int64)
        return Samples(self.input_ids, np.ones_like(self.trained), bounds)

    def where(self, chosen: NDArray[np.bool_]) -> Samples:
        """Return the chosen samples; ``chosen`` is of shape (samples)."""
        return self._kept(np.repeat(chosen, self.lengths), self.lengths[chosen])

    def fitted(self, max_length: int, over_length: OverLength) -> Samples:
        """Return samples of at most ``max_length`` tokens; longer ones are treated as asked.

        A part of a sample that is split begins anew: its first token is not trained.
        """
        lengths = self.lengths
        match over_length:
            case "drop":
                return self.where(lengths <= max_length)
            case "truncate":
                place = np.arange(len(self.input_ids)) - np.repeat(self.bounds[:-1], lengths)
                return self._kept(place < max_length, np.minimum(lengths, max_length))
            case "split":
                num_parts = np.maximum(1, -(-lengths // max_length))
                parts = np.full(int(num_parts.sum()), max_length, dtype=np.int64)
                parts[np.cumsum(num_parts) - 1] = lengths - (num_parts - 1) * max_length
                return self._kept(np.ones(len(self.input_ids), dtype=np.bool_), parts)

    def _kept(self, tokens: NDArray[np.bool_], lengths: NDArray[np.int64]) -> Samples:
        bounds = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        return self._begun(self.input_ids[tokens], self.trained[tokens], bounds)


Row: TypeAlias = list[Sample]
"""Samples that stand in one row of a batch, one behind the other."""


class Rows(Sequence[Row]):
    """Rows of batches; ``packs`` lists the samples of each, by their numbers."""

    def __init__(self, samples: Samples, packs: Sequence[Sequence[int]]) -> None:
        self.samples = samples
        self.packs = packs

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
        return [self.samples[number] for number in self.packs[index]]
