"""Locks between processes, and a clear error where a file system has none."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import BaseFileLock, FileLock

__all__ = ["are_locks_missing", "lock_errors", "locked"]

_WITHOUT_LOCKS: Final = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS}


def are_locks_missing(error: OSError) -> bool:
    """Return whether an error says that a file system has no locks, such as NFS without lockd."""
    return error.errno in _WITHOUT_LOCKS


@contextmanager
def locked(file: Path, *, remedy: str) -> Iterator[None]:
    """Hold a lock; wait for other processes that hold it.

    Args:
        file: what is locked; it is made.
        remedy: how to have it on another file system.

    Raises:
        OSError: the file system has no locks.

    """
    lock = FileLock(file)
    with lock_errors(lock, remedy=remedy):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def lock_errors(lock: BaseFileLock, *, remedy: str) -> Iterator[None]:
    """Let the error of a file system without locks name the file and the remedy.

    Raises:
        OSError: the file system has no locks.

    """
    try:
        yield
    except OSError as error:
        if error.errno is None or not are_locks_missing(error):
            raise
        reason = f"the file system has no locks ({os.strerror(error.errno)}); {remedy}"
        raise OSError(error.errno, reason, str(lock.lock_file)) from error
