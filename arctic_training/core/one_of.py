"""One value or several, of which the first is the default."""

from __future__ import annotations

from typing import TypeAlias, TypeVar

__all__ = ["OneOf"]

T = TypeVar("T")

OneOf: TypeAlias = T | tuple[T, *tuple[T, ...]]
"""One class, or a non-empty tuple of them, of which the first is the default."""
