"""The mark of a folder that a run wrote: a checkpoint, or prepared data in a cache."""

from __future__ import annotations

from typing import Final

__all__ = ["MARK"]

MARK: Final = "checkpoint.json"
"""File in such a folder that lists all others, with their sizes and checksums."""
