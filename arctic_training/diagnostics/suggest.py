"""The nearest of the words that would have been right."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

__all__ = ["did_you_mean", "known_words", "nearest"]

_LIKELY: Final = 0.6
_MOST_SHOWN: Final = 12


def nearest(word: str, known: Iterable[str], *, cutoff: float = _LIKELY) -> str:
    """Return the known word that ``word`` was probably meant to be, or an empty string.

    ``cutoff`` is how alike the two must be, from 0 to 1.
    """
    from difflib import get_close_matches  # only a document that is wrong needs it

    found = get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return found[0] if found else ""


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
