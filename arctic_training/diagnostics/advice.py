"""Advice in tables and schemas: one string that holds a help, a note, or both."""

from __future__ import annotations

from typing import Final

__all__ = ["because", "note_and_help"]

_NOTE: Final = "note: "
_HELP: Final = "\nhelp: "


def because(note: str, remedy: str = "") -> str:
    """Return a note, and the remedy that follows from it, as one string."""
    return _NOTE + note + (_HELP + remedy if remedy else "")


def note_and_help(advice: str) -> tuple[str, str]:
    """Return the note and the help of a string; one without a label is a help."""
    if not advice.startswith(_NOTE):
        return "", advice
    note, _, remedy = advice.removeprefix(_NOTE).partition(_HELP)
    return note, remedy
