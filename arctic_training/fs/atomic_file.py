"""Files that are complete or absent: written aside, and renamed into place."""

from __future__ import annotations

import codecs
import os
import shutil
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import BinaryIO

__all__ = ["replace_text", "write_file"]


def write_file(path: Path, content: str | bytes, *, is_durable: bool = True) -> None:
    """Put a file in place: a reader sees the old content or the new one, never a part.

    Permissions of the file that was there, and links to it, stay. Several processes may write the
    same file at once; one of them is last.

    Args:
        path: in a folder that exists.
        content: text is written in UTF-8, with its own line ends.
        is_durable: whether it is on the disk when this returns; caches need not be.

    Raises:
        OSError: the file is as it was.

    """
    target = path.resolve()
    unfinished, file = _open_beside(target)
    try:
        with file:
            file.write(content.encode() if isinstance(content, str) else content)
            if is_durable:
                file.flush()
                os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            shutil.copymode(target, unfinished)
        unfinished.replace(target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def replace_text(path: Path, text: str) -> None:
    """Replace the text of a file that a person wrote; its byte order mark stays.

    Raises:
        OSError: the file is as it was.

    """
    has_mark = path.read_bytes().startswith(codecs.BOM_UTF8)
    write_file(path, (codecs.BOM_UTF8 if has_mark else b"") + text.encode())


def _open_beside(path: Path) -> tuple[Path, BinaryIO]:
    """Open a new file under a hidden name beside a path."""
    for number in count():
        unfinished = path.with_name(f".{path.name}.{number}.unfinished")
        with suppress(FileExistsError):
            return unfinished, unfinished.open("xb")
    raise AssertionError("count has no end")
