"""A folder outside every project, for what may be lost."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["ELSEWHERE", "cache_folder"]

ELSEWHERE: Final = "set XDG_CACHE_HOME to a folder on another one"
"""What moves the cache to another file system."""


def cache_folder(name: str) -> Path:
    """Return a folder of this user's, made if it is not there.

    One that belongs to another user is not used: what is read from a cache is relied on.

    Raises:
        OSError: there is no place for one.

    """
    reasons = []
    for place in _places():
        folder = place / name
        reason = _why_not_usable(place) or _why_not_usable(folder)
        if not reason:
            return folder
        reasons.append(reason)
    tried = "; ".join(reasons)
    raise OSError(f"no folder for a cache: {tried}. Set XDG_CACHE_HOME to a folder of yours")


def _places() -> Iterator[Path]:
    """Iterate over the places for a user's caches: at home, else beside those of other users.

    A relative path is none: the XDG Base Directory Specification has it ignored, and the current
    folder is not a place for a cache.
    """
    home = Path(os.environ.get("XDG_CACHE_HOME", ""))
    with suppress(RuntimeError):  # the system does not know the user, as in some containers
        home = home if home.is_absolute() else Path.home() / ".cache"
    if home.is_absolute():
        yield home / "arctic-training"
    yield Path(tempfile.gettempdir(), f"arctic-training-{os.getuid()}").absolute()


def _why_not_usable(folder: Path) -> str:
    """Make a folder if it is not there; return why it cannot hold a cache, or an empty string."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folder.stat().st_uid
    except OSError as error:
        return f"`{folder}`: {error.strerror}"
    if owner != os.geteuid() or folder.lstat().st_uid not in {owner, 0}:
        return f"`{folder}` belongs to another user"
    return "" if os.access(folder, os.W_OK | os.X_OK) else f"`{folder}` cannot be written"
