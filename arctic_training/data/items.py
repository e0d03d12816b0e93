"""Items of a source: counted, and loaded a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Items", "Numbers", "batches"]

T = TypeVar("T")
ItemT = TypeVar("ItemT")

Numbers: TypeAlias = NDArray[np.int64]
"""Which items of a source, counted from 0; they rise."""

_MOST_ITEMS: Final = 1000
_MOST_CHARACTERS: Final = 2**21


@dataclass(frozen=True, slots=True)
class Items(Generic[T]):
    """So many items; ``load`` iterates over those with the given numbers, holding only a few."""

    count: int
    load: Callable[[Numbers], Iterator[T]]

    @classmethod
    def of(cls, listed: Sequence[T]) -> Items[T]:
        """Return items that are in memory already."""
        return cls(len(listed), lambda numbers: (listed[number] for number in numbers))


def batches(
    items: Iterable[ItemT], num_characters: Callable[[ItemT], int]
) -> Iterator[list[ItemT]]:
    """Cut a stream into lists that are large enough to be worked on at once, and not too large."""
    batch: list[ItemT] = []
    size = 0
    for item in items:
        batch.append(item)
        size += num_characters(item)
        if len(batch) == _MOST_ITEMS or size >= _MOST_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
