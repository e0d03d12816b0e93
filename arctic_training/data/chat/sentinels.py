"""Sentinels: code points that take the place of characters, a different one for each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from arctic_training.data.chat.spans import UndecidableError

__all__ = ["SentinelRun", "Sentinels"]

_CODE_POINTS: Final = (
    range(0xF0000, 0xFFFFE),
    *(range(plane, 0xE0000) for plane in range(0x40000, 0xE0000, 0x10000)),
    range(0x100000, 0x10FFFE),
)
"""Code points for sentinels: those of private use, and unassigned ones."""

_USUAL: Final = "".join(map(chr, _CODE_POINTS[0]))
_USUAL_RUNS: Final = re.compile(f"[{_USUAL[0]}-{_USUAL[-1]}]+")


class SentinelRun(NamedTuple):
    """Adjacent sentinels: of ``length`` characters from the ``first`` on."""

    place: int
    """Where in the text the run starts."""

    first: int
    """Index of the character that the first sentinel takes the place of."""

    length: int


class Sentinels(NamedTuple):
    """Consecutive code points that the text lacks, and a pattern of runs of them."""

    points: str
    runs: re.Pattern[str]

    @classmethod
    def unused_in(cls, text: str, number: int) -> Sentinels:
        """Return at least ``number`` sentinels that the text does not have.

        Raises:
            UndecidableError: it has too many of them.

        """
        if number <= len(_USUAL) and (text.isascii() or not _USUAL_RUNS.search(text)):
            return cls(_USUAL, _USUAL_RUNS)
        for plane in _CODE_POINTS:
            wanted = plane[:number]
            runs = re.compile(f"[{chr(wanted[0])}-{chr(wanted[-1])}]+")
            if len(wanted) == number and not runs.search(text):
                return cls("".join(map(chr, wanted)), runs)
        raise UndecidableError

    def find(self, text: str) -> Iterator[SentinelRun]:
        """Iterate over runs of sentinels whose characters follow each other."""
        for run in self.runs.finditer(text):
            place, sentinels = run.start(), run[0]
            while sentinels:
                first = ord(sentinels[0]) - ord(self.points[0])
                same = _common(sentinels, self.points[first : first + len(sentinels)])
                yield SentinelRun(place, first, same)
                place, sentinels = place + same, sentinels[same:]


def _common(one: str, other: str) -> int:
    """Return how many characters two texts begin with in common."""
    if one == other:
        return len(one)
    differing = (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differing, min(len(one), len(other)))
