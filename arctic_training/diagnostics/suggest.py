"""Suggestions: the known word that is nearest to a mistyped one.

Near is what slips of the fingers make: a letter more, less, other or swapped, another separator,
another case. Another word is not a typing mistake: `train_sources` is not `eval_sources`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Final

__all__ = ["did_you_mean", "known_words", "nearest", "similarity"]

_LIKELY: Final = 0.65
_CONTAINED: Final = 0.5
"""Minimum share of its known words in a word that has others beside them."""

_UNLIKE: Final = 0.5
_MOST_SHOWN: Final = 12
_SEPARATORS: Final = re.compile(r"[-_.\s]+")


def nearest(word: str, known: Iterable[str], *, cutoff: float = _LIKELY) -> str:
    """Return the known word that ``word`` was probably meant to be, or an empty string.

    ``cutoff`` is how alike the two must be, from 0 to 1.
    """
    words = list(known)
    scores = {other: similarity(word, other, cutoff) for other in words}
    best = max(scores, key=lambda other: scores[other], default="")
    if best and scores[best] >= cutoff:
        return best
    if cutoff > _LIKELY:
        return ""
    around = [other for other in words if _shares_words(word, other)]
    return around[0] if len(around) == 1 and _is_mostly(around[0], word) else ""


def similarity(word: str, other: str, least: float = 0.0) -> float:
    """Return how alike two words are: 1 minus the part of letters that one slip each explains.

    Case and separators count for nothing; below ``least`` the answer may be 0.
    """
    parts, others = _parts(word), _parts(other)
    first, second = "".join(parts), "".join(others)
    longest = max(len(first), len(second))
    if not longest or first == second:
        return float(bool(longest))
    if 1 - abs(len(first) - len(second)) / longest < least or _replaces(parts, others):
        return 0.0
    return 1 - _distance(first, second) / longest


def did_you_mean(word: str, known: Collection[str], otherwise: str = "") -> str:
    """Ask for the known word that is nearest; if none is near, say what is known, or another hint.

    ``otherwise`` is that other hint.
    """
    meant = nearest(word, known)
    return f"did you mean `{meant}`?" if meant else otherwise or f"known here: {known_words(known)}"


def known_words(known: Iterable[str]) -> str:
    """List the words that would have been right, sorted and cut to a readable number."""
    words = [f"`{word}`" for word in sorted(known)]
    shown = ", ".join(words[:_MOST_SHOWN])
    return f"{shown}, ..." if len(words) > _MOST_SHOWN else shown


@lru_cache(maxsize=1024)
def _parts(word: str) -> tuple[str, ...]:
    return tuple(part for part in _SEPARATORS.split(word.casefold()) if part)


def _shares_words(word: str, other: str) -> bool:
    """Return whether one is the other with words beside it, as `train_sources` of `sources`."""
    parts, others = set(_parts(word)), set(_parts(other))
    return bool(parts and others) and (parts < others or others < parts)


def _is_mostly(word: str, other: str) -> bool:
    """Return whether what two words share is most of both."""
    shorter, longer = sorted(len("".join(_parts(each))) for each in (word, other))
    return shorter >= _CONTAINED * longer


def _replaces(parts: Sequence[str], others: Sequence[str]) -> bool:
    """Return whether of as many words one is another word altogether."""
    if len(parts) != len(others) or len(parts) == 1:
        return False
    pairs = zip(parts, others, strict=True)
    return any(1 - _distance(a, b) / max(len(a), len(b)) < _UNLIKE for a, b in pairs if a != b)


def _distance(first: str, second: str) -> int:
    """Return how many letters are inserted, left out, changed or swapped with the next."""
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        now = [i]
        for j, b in enumerate(second, 1):
            best = min(row[j] + 1, now[j - 1] + 1, row[j - 1] + (a != b))
            if i > 1 and j > 1 and a == second[j - 2] and first[i - 2] == b:
                best = min(best, before[j - 2] + 1)
            now.append(best)
        before, row = row, now
    return row[-1]
