"""A finding on its way to the reader, with what tells whether others have the same cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from arctic_training.diagnostics import Diagnostic
from arctic_training.document.node import Pointer

__all__ = ["Complaint"]


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong at one place; ``ways`` are those on which an unknown key would be known."""

    kind: Literal["unknown", "missing", "value"]
    pointer: Pointer
    diagnostic: Diagnostic
    ways: tuple[Pointer, ...] = ()
