"""Marks: code points that stand for the characters of answers, one of its own for each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from arctic_training.data.chat.spans import UndecidableError

__all__ = ["Marks", "Piece"]

_MARKS: Final = (
    range(0xF0000, 0xFFFFE),
    *(range(plane, 0xE0000) for plane in range(0x40000, 0xE0000, 0x10000)),
    range(0x100000, 0x10FFFE),
)
"""Code points for marks: those of private use, and those that mean nothing."""

_USUAL_MARKS: Final = "".join(map(chr, _MARKS[0]))
_USUAL_RUNS: Final = re.compile(f"[{_USUAL_MARKS[0]}-{_USUAL_MARKS[-1]}]+")


class Piece(NamedTuple):
    """Marks that stand in a text together: where, from which on, how many."""

    place: int
    first: int
    length: int


class Marks(NamedTuple):
    """Code points in a row that a text does not have, and what finds runs of them."""

    points: str
    runs: re.Pattern[str]

    @classmethod
    def free(cls, text: str, number: int) -> Marks:
        """Return at least so many that the text does not have.

        Raises:
            UndecidableError: it has too many of them.

        """
        if number <= len(_USUAL_MARKS) and (text.isascii() or not _USUAL_RUNS.search(text)):
            return cls(_USUAL_MARKS, _USUAL_RUNS)
        for marks in _MARKS:
            wanted = marks[:number]
            runs = re.compile(f"[{chr(wanted[0])}-{chr(wanted[-1])}]+")
            if len(wanted) == number and not runs.search(text):
                return cls("".join(map(chr, wanted)), runs)
        raise UndecidableError

    def pieces(self, text: str) -> Iterator[Piece]:
        """Iterate over the marks of a text, as many at a time as follow each other in order."""
        for run in self.runs.finditer(text):
            place, marks = run.start(), run[0]
            while marks:
                first = ord(marks[0]) - ord(self.points[0])
                same = _common(marks, self.points[first : first + len(marks)])
                yield Piece(place, first, same)
                place, marks = place + same, marks[same:]


def _common(one: str, other: str) -> int:
    """Return how many characters two texts begin with in common."""
    if one == other:
        return len(one)
    differing = (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differing, min(len(one), len(other)))
