"""What is common to everything that is loaded by name or from a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["LOADING_HINT", "first_line", "is_missing_path"]

LOADING_HINT: Final = (
    "a local folder is written as `./folder`, `/folder` or `~/folder`; "
    "HF_HUB_OFFLINE=1 looks for names in the local cache alone"
)


def first_line(error: Exception) -> str:
    """Return the first line of what an error says: libraries go on with advice of their own."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def is_missing_path(name_or_path: str) -> bool:
    """Return whether a name is the path of something that is not there; a recipe's are absolute."""
    path = Path(name_or_path)
    return path.is_absolute() and not path.exists()
