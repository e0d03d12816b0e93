"""The number of the interface between generated code and the runtime."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from arctic_training.errors import RegistryError

__all__ = ["INTERFACE", "mismatch", "stated_interface"]

INTERFACE: Final = 2
"""Goes up whenever code that was generated before no longer works."""

_STATED: Final = re.compile(r"^class .*?\binterface=(\d+)", re.MULTILINE | re.DOTALL)


def stated_interface(package: Path) -> int | None:
    """Return the interface for which a trainer's package was generated, without importing it.

    None if its code does not say.
    """
    with suppress(OSError, ValueError):
        stated = _STATED.search((package / "trainer.py").read_text(encoding="utf-8"))
        return int(stated[1]) if stated else None
    return None


def mismatch(module: str, stated: int) -> RegistryError:
    """Return the error for code that was generated for another interface."""
    return RegistryError(
        f"`{module}` was generated for interface {stated} of arctic_training; "
        f"this version has interface {INTERFACE}",
        hint="regenerate it: arctic-gen new-trainer DEFINITION",
    )
