"""A violation of a schema, with what is needed to group it with others of the same cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from arctic_training.diagnostics import Diagnostic
from arctic_training.document.node import Pointer

__all__ = ["Violation"]


@dataclass(frozen=True, slots=True)
class Violation:
    """A violation at one place; ``ways`` are the pointers at which an unknown key is known."""

    kind: Literal["unknown", "missing", "value"]
    pointer: Pointer
    diagnostic: Diagnostic
    ways: tuple[Pointer, ...] = ()
