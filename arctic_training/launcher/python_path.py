"""Path on which the processes of a run find the user's modules."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

__all__ = ["python_path"]


def python_path(source_roots: Sequence[Path]) -> dict[str, str]:
    """Return ``PYTHONPATH`` with these folders before what it has; nothing if it would be empty."""
    known = os.environ.get("PYTHONPATH")
    folders = [*map(str, source_roots), *([known] if known else [])]
    return {"PYTHONPATH": os.pathsep.join(folders)} if folders else {}
