"""A folder outside every project, for what may be lost."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder(name: str) -> Path:
    """Return a folder of this user's, made if it is not there.

    Raises:
        OSError: there is no place for one.

    """
    for place in _places():
        folder = place / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    raise OSError("there is no folder to keep a cache in: set XDG_CACHE_HOME")


def _places() -> Iterator[Path]:
    """Iterate over where a user's caches may stand: at home, else beside those of other users."""
    with suppress(RuntimeError):  # the system does not know the user, as in some containers
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "arctic-training")
    yield Path(tempfile.gettempdir(), f"arctic-training-{os.getuid()}")
