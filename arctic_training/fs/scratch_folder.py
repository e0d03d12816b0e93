"""Temporary folders in shared memory, which a killed process leaves and the next one removes."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

__all__ = ["scratch_folder"]

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of a random name is made in it
_PREFIX: Final = "arctic-gen-scratch-"
_NAME: Final = re.compile(rf"{_PREFIX}(\d+)-\w+")
"""The name of such a folder, with the process that made it."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder for temporary files, and delete it at the end.

    It is in memory, unless ``TMPDIR`` names a place. Those of processes that were killed, which
    had no time to delete theirs, are deleted at the beginning.
    """
    is_in_memory = not os.environ.get("TMPDIR") and os.access(_MEMORY, os.W_OK)
    place = _MEMORY if is_in_memory else Path(tempfile.gettempdir())
    _remove_left_over(place)
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", dir=place) as name:
        handle = os.open(name, os.O_RDONLY)
        try:
            _is_locked(handle)
            yield Path(name).resolve()
        finally:
            os.close(handle)


def _remove_left_over(place: Path) -> None:
    """Delete the folders of this user that no process uses; a link is not followed."""
    for folder in place.glob(f"{_PREFIX}*"):
        maker = _NAME.fullmatch(folder.name)
        if maker is None or _is_running(int(maker[1])):
            continue
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            if os.fstat(handle).st_uid == os.geteuid() and _is_locked(handle):
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)


def _is_running(process: int) -> bool:
    """Return whether a process of this machine runs; another container's is known by its lock."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _is_locked(handle: int) -> bool:
    """Return whether this process got the lock; false where the file system has none."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
