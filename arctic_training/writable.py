"""Whether a folder can be written to, found out before it matters."""

from __future__ import annotations

import tempfile
from pathlib import Path

__all__ = ["why_not_writable"]


def why_not_writable(folder: Path) -> str:
    """Make a folder if it is not there; return why it cannot be written to, or an empty text."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return f"`{folder}` cannot be written: {error.strerror}"
