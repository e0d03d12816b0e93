"""Whether a folder can be written to, found out before it matters; and a file, all at once."""

from __future__ import annotations

import codecs
import os
import shutil
import tempfile
from itertools import count
from pathlib import Path

__all__ = ["free_beside", "replace_text", "why_not_writable"]


def why_not_writable(folder: Path) -> str:
    """Make a folder if it is not there; return why it cannot be written to, or an empty text."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return f"`{folder}` cannot be written: {error.strerror}"


def free_beside(path: Path) -> Path:
    """Return a hidden name beside a file that nothing has: what is written first goes there."""
    names = (path.with_name(f".{path.name}.{number}.unfinished") for number in count())
    return next(name for name in names if not os.path.lexists(name))


def replace_text(path: Path, text: str) -> None:
    """Put a text in place of that of a file: a reader sees the old one or the new one, whole.

    Line ends, the mark at the beginning of the file, permissions and links to it stay.

    Raises:
        OSError: the file is as it was.

    """
    target = path.resolve()
    mark = codecs.BOM_UTF8 if target.read_bytes().startswith(codecs.BOM_UTF8) else b""
    unfinished = free_beside(target)
    try:
        with unfinished.open("xb") as file:
            file.write(mark + text.encode())
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(target, unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
