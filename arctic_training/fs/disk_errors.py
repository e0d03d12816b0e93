"""What the disk says, where a library that writes to it says something of its own, or nothing."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

__all__ = ["disk_error_context"]

_OF_RUST: Final = re.compile(r"\(os error (\d+)\)")
"""How safetensors and tokenizers pass on what the system says."""

_AT_FAULT: Final = {errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC, errno.EROFS}
_TRIED: Final = 1 << 20


@contextmanager
def disk_error_context(folder: Path) -> Iterator[None]:
    """Let what fails because nothing more can be written to a folder be an ``OSError`` of it.

    PyTorch does not pass on why it cannot write, so it is tried.

    Raises:
        OSError: the disk is full, or takes no more for another reason, or the folder is gone.

    """
    try:
        yield
    except Exception as error:
        if not folder.is_dir():
            reason = "the folder was removed while it was written to"
            raise OSError(errno.ENOENT, reason, str(folder)) from error
        if number := _number(error) or _tried(folder):
            raise OSError(number, os.strerror(number), str(folder)) from error
        raise


def _number(error: Exception) -> int:
    """Return the number of what the system said; 0 if it did not say that a disk is at fault."""
    said = _OF_RUST.search(str(error))
    number = error.errno if isinstance(error, OSError) else int(said[1]) if said else 0
    return number if number in _AT_FAULT else 0


def _tried(folder: Path) -> int:
    """Return why a file cannot be written to a folder; 0 if it can, or if no disk is at fault."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_TRIED))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return _number(error)
    return 0
