"""Packing: samples into rows of a fixed length, best-fit decreasing over the whole set."""

from __future__ import annotations

from array import array
from typing import Final

import numpy as np
from numpy.typing import NDArray

from arctic_training.data.store.samples import RowIndex

__all__ = ["best_fit_decreasing"]

_NONE: Final = -1


def best_fit_decreasing(lengths: NDArray[np.int64], capacity: int) -> RowIndex:
    """Return rows of at most ``capacity`` tokens.

    The longest sample first, each into the row that it leaves the least room in, or into a new
    one (Johnson, 1973: at most 11/9 of the fewest possible rows, and 4 more). Samples of one
    length stay in their order.

    Args:
        lengths: tokens of each sample, at most ``capacity``; shape (samples).
        capacity: tokens in a row, at most.

    """
    order = np.argsort(-lengths, kind="stable")
    chosen = _chosen(lengths[order], capacity)
    return RowIndex(order[np.argsort(chosen, kind="stable")], np.bincount(chosen))


def _chosen(sizes: NDArray[np.int64], capacity: int) -> NDArray[np.int64]:
    """Return the number of the row that each sample goes into; the sizes fall.

    RowIndex of the same room lie one on the other: ``top`` is the uppermost of each room, ``below``
    what each lies on. Rooms that have a row are bits of a number, so that the least that is large
    enough is one bit operation away.
    """
    chosen, below = array("q"), array("q")
    top = [_NONE] * (capacity + 1)
    rooms = 0
    for size in sizes.data:
        enough = rooms >> size
        if enough:
            room = size + (enough & -enough).bit_length() - 1
            row = top[room]
            top[room] = below[row]
            rooms ^= (top[room] == _NONE) << room
        else:
            room, row = capacity, len(below)
            below.append(_NONE)
        chosen.append(row)
        below[row], top[room - size] = top[room - size], row
        rooms |= 1 << (room - size)
    return np.asarray(chosen)
