"""The name under which messages show what the command line sets."""

from __future__ import annotations

from typing import Final

__all__ = ["PLACE"]

PLACE: Final = "command line"
"""The file, to a reader, of what an override says."""
