"""Datasets: the items of a source, counted and loaded a few at a time, or streamed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Dataset", "Indices", "InfiniteMixture", "SizedDataset", "Split", "sample_indices"]

T = TypeVar("T")
Item_co = TypeVar("Item_co", covariant=True)

Indices: TypeAlias = NDArray[np.int64]
"""Rising indices of items, from 0, of shape (items)."""


@dataclass(frozen=True, slots=True)
class SizedDataset(Generic[Item_co]):
    """A known number of items; ``load`` iterates over those at some indices, holding only a few."""

    count: int
    load: Callable[[Indices], Iterator[Item_co]]


@dataclass(frozen=True, slots=True)
class Dataset(Generic[Item_co]):
    """The items of a source; nothing is read before it is asked for.

    ``sized`` gives random access to all of them, ``stream`` iterates over them once and keeps none.
    """

    sized: Callable[[], SizedDataset[Item_co]]
    stream: Callable[[], Iterator[Item_co]]

    @classmethod
    def from_list(cls, items: Sequence[Item_co]) -> Dataset[Item_co]:
        """Return a dataset of items that are in memory already."""
        sized = SizedDataset(len(items), lambda indices: (items[index] for index in indices))
        return cls(lambda: sized, lambda: iter(items))

    @classmethod
    def from_sized(cls, sized: Callable[[], SizedDataset[Item_co]]) -> Dataset[Item_co]:
        """Return a dataset whose stream needs random access to all items."""

        def stream() -> Iterator[Item_co]:
            known = sized()
            return known.load(np.arange(known.count))

        return cls(sized, stream)


@dataclass(frozen=True, slots=True)
class Split:
    """A random split of a source: the share that is held out for evaluation, or the rest."""

    share: float
    """Share of the items that is held out."""

    seed: int
    is_held_out: bool

    def select(self, indices: Indices) -> Indices:
        """Return the indices of this split, in their order."""
        held_out = sample_indices(len(indices), round(len(indices) * self.share), self.seed)
        return indices[held_out] if self.is_held_out else np.delete(indices, held_out)


@dataclass(frozen=True, slots=True)
class InfiniteMixture:
    """Items without end, drawn from the streams of all sources by their weights."""

    seed: int

    def draw(
        self, streams: Sequence[Callable[[], Iterator[T]]], weights: list[float]
    ) -> Iterator[T]:
        """Iterate over items; an exhausted source starts over. None may be empty."""
        generator = random.Random(self.seed)  # noqa: S311 - not for secrets
        opened = [stream() for stream in streams]
        while True:
            (index,) = generator.choices(range(len(streams)), weights)
            for item in opened[index]:
                yield item
                break
            else:
                opened[index] = streams[index]()
                yield next(opened[index])


def sample_indices(total: int, count: int, seed: int) -> Indices:
    """Draw ``count`` of ``total`` indices at random without replacement; they rise."""
    if count >= total:
        return np.arange(total)
    generator = random.Random(seed)  # noqa: S311 - not for secrets
    return np.sort(np.array(generator.sample(range(total), count), dtype=np.int64))
