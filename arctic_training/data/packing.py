"""Samples into rows of a fixed length: best-fit decreasing, over the whole set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arctic_training.data.samples import Packs, Samples

__all__ = ["best_fit_decreasing", "packed"]


def best_fit_decreasing(lengths: NDArray[np.int64], capacity: int) -> list[list[int]]:
    """Return packs of at most ``capacity`` tokens, each a list of indices into ``lengths``.

    The longest sample first, each into the pack that it leaves the least room in, or into a new
    one (Johnson, 1973: at most 11/9 of the fewest possible packs, and 4 more). Samples of one
    length stay in their order. The rooms of the packs are bits of a number, so that the least
    that is large enough is one bit operation away.

    Args:
        lengths: tokens of each sample, at most ``capacity``; shape (samples).
        capacity: tokens in a pack, at most.

    """
    packs: list[list[int]] = []
    with_room: list[list[list[int]]] = [[] for _ in range(capacity + 1)]
    rooms = 0
    sizes = lengths.tolist()
    for index in np.argsort(-lengths, kind="stable").tolist():
        size = sizes[index]
        enough = rooms >> size
        if enough:
            room = size + (enough & -enough).bit_length() - 1
            pack = with_room[room].pop()
            rooms ^= (not with_room[room]) << room
        else:
            room, pack = capacity, []
            packs.append(pack)
        pack.append(index)
        with_room[room - size].append(pack)
        rooms |= 1 << (room - size)
    return packs


def packed(samples: Samples, capacity: int) -> Packs:
    """Return packs of samples, none longer than ``capacity``."""
    return Packs.of(best_fit_decreasing(samples.lengths, capacity))
