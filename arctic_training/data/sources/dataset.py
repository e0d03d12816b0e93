"""Items of a source: counted, and loaded a few at a time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Counted", "Endless", "Items", "Numbers", "Part", "sampled"]

T = TypeVar("T")

Numbers: TypeAlias = NDArray[np.int64]
"""Which items of a source, counted from 0; they rise."""


@dataclass(frozen=True, slots=True)
class Counted(Generic[T]):
    """So many items; ``load`` iterates over those with the given numbers, holding only a few."""

    count: int
    load: Callable[[Numbers], Iterator[T]]


@dataclass(frozen=True, slots=True)
class Items(Generic[T]):
    """What a source has; nothing is read before it is asked for.

    ``counted`` makes all of it accessible, ``stream`` passes over it once and keeps nothing.
    """

    counted: Callable[[], Counted[T]]
    stream: Callable[[], Iterator[T]]

    @classmethod
    def of(cls, listed: Sequence[T]) -> Items[T]:
        """Return items that are in memory already."""
        counted = Counted(len(listed), lambda numbers: (listed[number] for number in numbers))
        return cls(lambda: counted, lambda: iter(listed))

    @classmethod
    def of_counted(cls, counted: Callable[[], Counted[T]]) -> Items[T]:
        """Return items that have to be known all before there is a first one."""

        def stream() -> Iterator[T]:
            known = counted()
            return known.load(np.arange(known.count))

        return cls(counted, stream)


@dataclass(frozen=True, slots=True)
class Part:
    """What is held out of a source by chance, or what is left of it."""

    share: float
    """Part of the items that is held out."""

    seed: int
    is_held_out: bool

    def of(self, numbers: Numbers) -> Numbers:
        """Return the numbers of this part, in their order."""
        held_out = sampled(len(numbers), round(len(numbers) * self.share), self.seed)
        return numbers[held_out] if self.is_held_out else np.delete(numbers, held_out)


@dataclass(frozen=True, slots=True)
class Endless:
    """Items without end, drawn from the streams of all sources by their weights."""

    seed: int

    def of(self, streams: Sequence[Callable[[], Iterator[T]]], weights: list[float]) -> Iterator[T]:
        """Iterate over items; a source that comes to its end begins anew. None may be empty."""
        generator = random.Random(self.seed)  # noqa: S311 - not for secrets
        opened = [stream() for stream in streams]
        while True:
            (number,) = generator.choices(range(len(streams)), weights)
            for item in opened[number]:
                yield item
                break
            else:
                opened[number] = streams[number]()
                yield next(opened[number])


def sampled(number: int, count: int, seed: int) -> Numbers:
    """Choose from so many at random, in their order, none twice."""
    if count >= number:
        return np.arange(number)
    generator = random.Random(seed)  # noqa: S311 - not for secrets
    return np.sort(np.array(generator.sample(range(number), count), dtype=np.int64))
