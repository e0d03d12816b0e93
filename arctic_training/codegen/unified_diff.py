"""What differs between two texts, as a unified diff."""

from __future__ import annotations

import difflib

__all__ = ["unified_diff"]


def unified_diff(before: str, after: str, name: str, other: str) -> str:
    """Return the unified diff of two texts under their names, empty if they are the same.

    Each of its lines ends with a line break, also the last one.
    """
    one, two = (text.splitlines(keepends=True) for text in (before, after))
    lines = difflib.unified_diff(one, two, name, other)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
