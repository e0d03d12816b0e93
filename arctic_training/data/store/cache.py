"""A cache of folders, each under the digest of all that decides its content."""

from __future__ import annotations

import os
import platform
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from filelock import FileLock, Timeout

from arctic_training.fs.atomic_folder import is_whole, settle, writing
from arctic_training.fs.file_lock import lock_errors
from arctic_training.fs.user_cache import cache_folder

__all__ = ["DataCache", "NotCachedError"]

_WAIT: Final = 1.0
_ABANDONED: Final = 3600.0
"""How many seconds after its last write the work of another machine is treated as abandoned."""


class NotCachedError(Exception):
    """Something is not in the cache, and is not to be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataCache:
    """Folders that are whole or not there, safe with any number of processes and machines.

    One process makes a folder; others that want it wait for the lock, not for each other. Where
    a file system does not lock between machines, several make the same, and the first stays.
    """

    root: Path
    note: Callable[[str], None]
    is_complete: bool = False
    """Whether it is an error if something is missing."""

    @classmethod
    def at(cls, folder: Path | None, note: Callable[[str], None], *, is_complete: bool) -> Self:
        """Return the cache in a folder; None is the user's own."""
        return cls(root=folder or cache_folder("data"), note=note, is_complete=is_complete)

    def folder(self, kind: str, key: str, make: Callable[[Path], None]) -> Path:
        """Return a folder; if it is not there, ``make`` writes what belongs into it.

        Raises:
            NotCachedError: it is not there, and should be.
            OSError: it cannot be written.

        """
        folder = self.root / kind / key
        if is_whole(folder):
            return folder
        if self.is_complete:
            raise NotCachedError(str(folder))
        folder.parent.mkdir(parents=True, exist_ok=True)
        with self._alone(folder):
            if not is_whole(folder):
                self._make(folder, make)
        return folder

    @contextmanager
    def _alone(self, folder: Path) -> Iterator[None]:
        """Wait, however long it takes, until no other process makes the folder."""
        lock = FileLock(folder.with_suffix(".lock"))
        with lock_errors(lock, remedy="set `cache_dir` of `data` to a folder on another one"):
            try:
                lock.acquire(timeout=_WAIT)
            except Timeout:
                self.note("waiting for another process that prepares the same data")
                lock.acquire(poll_interval=_WAIT)
        try:
            yield
        finally:
            lock.release()

    def _make(self, folder: Path, make: Callable[[Path], None]) -> None:
        for left in folder.parent.glob(f"{folder.name}.*"):
            if left.is_dir() and _is_abandoned(left):
                shutil.rmtree(left, ignore_errors=True)
        own = folder.with_name(f"{folder.name}.{_own_name()}")
        with writing(own) as unfinished:
            make(unfinished)
        settle(own, folder)


def _own_name() -> str:
    return f"{platform.node()}.{os.getpid()}"


def _is_abandoned(folder: Path) -> bool:
    """Return whether no process works on an unfinished folder: whoever asks has the lock."""
    of_this_machine = rf"{re.escape(platform.node())}\.\d+(\..*)?"
    if re.fullmatch(of_this_machine, folder.name.partition(".")[2]):
        return True
    try:
        times = [path.stat().st_mtime for path in (folder, *folder.iterdir())]
    except FileNotFoundError:  # another machine has put it in its place just now
        return False
    return max(times) < time.time() - _ABANDONED
