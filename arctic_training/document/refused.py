"""Findings that leave a document without a tree, and those common to YAML and JSON."""

from __future__ import annotations

from typing import Final

from arctic_training.diagnostics import Diagnostic, Related, Span

__all__ = ["MOST_CHARACTERS", "MOST_DEPTH", "RefusedError", "duplicate_key", "too_deep"]

MOST_CHARACTERS: Final = 1 << 20
"""Maximum length of a document."""

MOST_DEPTH: Final = 64
"""Levels of nesting a document may have."""


class RefusedError(Exception):
    """The text cannot be made into a tree."""

    def __init__(
        self, message: str, span: Span, code: str = "yaml-syntax", *, hint: str = ""
    ) -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(code=code, message=message, span=span, help=hint)


def too_deep(span: Span) -> RefusedError:
    """Return the refusal of a value below too many others."""
    return RefusedError(f"more than {MOST_DEPTH} levels of nesting", span)


def duplicate_key(key: str, place: Span, first: Span) -> Diagnostic:
    """Return the finding of a key that a mapping has twice."""
    return Diagnostic(
        code="duplicate-key",
        message=f"duplicate key `{key}`: first set on line {first.line}",
        span=place,
        related=(Related("first set here", first),),
        help="remove one of the two",
    )
