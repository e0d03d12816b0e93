"""Numbers with their units, in the singular or plural."""

from __future__ import annotations

from typing import Final

__all__ = ["counted"]

_HISSING: Final = ("nch", "tch", "s", "sh", "x")  # an epoch does not hiss


def counted(number: int, noun: str) -> str:
    """Return a number with what it counts: `1 process`, `1,000 processes`.

    Args:
        number: how many there are.
        noun: what one of them is called; its plural ends in `s`.

    """
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun}{'es' if noun.endswith(_HISSING) else 's'}"
