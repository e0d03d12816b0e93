"""How large the type of a field is when its references are followed.

References lead to shared fields without copying them, so a short text can stand for a type of any
size: each level that names the next one twice doubles it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

__all__ = ["MOST_LEVELS", "MOST_REFERENCES", "MOST_VALUES", "Extent"]

MOST_VALUES: Final = 10_000
"""Values in the fields of a class, each reference counted with what it leads to."""

MOST_LEVELS: Final = 64
"""Schemas inside each other; a recipe cannot be nested deeper."""

MOST_REFERENCES: Final = 64
"""References that lead from one to the next, on any way into a field."""


@dataclass(frozen=True, slots=True)
class Extent:
    """The size of a part of a definition; one that is too large is reported once."""

    values: int
    levels: int = 0
    references: int = 0
    is_reported: bool = False

    @classmethod
    def around(cls, parts: Iterable[Extent], *, levels: int = 0, values: int = 0) -> Extent:
        """Return the extent of a value that holds some parts, and plain values beside them."""
        references, inner, is_reported = 0, 0, False
        for part in parts:
            values += part.values
            inner = max(inner, part.levels)
            references = max(references, part.references)
            is_reported = is_reported or part.is_reported
        return cls(1 + values, levels + inner, references, is_reported)

    @property
    def excess(self) -> tuple[str, str] | None:
        """What there is too much of, and the remedy; None within the limits."""
        if self.references > MOST_REFERENCES:
            return (
                f"more than {MOST_REFERENCES} references lead from one to the next",
                "refer to what is at the end of the chain",
            )
        if self.levels > MOST_LEVELS:
            return f"more than {MOST_LEVELS} levels of nesting", "no recipe can be nested deeper"
        return None

    def nested(self) -> Extent:
        """Return the extent one level further out."""
        return replace(self, levels=self.levels + 1)
