"""The number of the interface between generated code and the runtime."""

from __future__ import annotations

from typing import Final

from arctic_training.errors import RegistryError

__all__ = ["INTERFACE", "mismatch"]

INTERFACE: Final = 1
"""Goes up whenever code that was generated before no longer works."""


def mismatch(module: str, made_for: int) -> RegistryError:
    """Return the error for code that was generated for another runtime."""
    return RegistryError(
        f"{module} was generated for interface {made_for} of arctic_training, this is {INTERFACE}",
        hint="generate it again: arctic-gen new-trainer DEFINITION",
    )
