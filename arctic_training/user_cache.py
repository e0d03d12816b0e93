"""A folder outside every project, for what may be lost."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder(name: str) -> Path:
    """Return a folder of this user's, made if it is not there.

    Raises:
        OSError: there is no place for one.

    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    for candidate in (Path(base), Path(tempfile.gettempdir())):
        folder = candidate / "arctic-training" / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    raise OSError("there is no folder to keep a cache in: set XDG_CACHE_HOME")
