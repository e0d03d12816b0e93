"""Whether a folder can be written to, found out before it matters; and a file, all at once."""

from __future__ import annotations

import codecs
import os
import shutil
import tempfile
from pathlib import Path

__all__ = ["replace_text", "why_not_writable"]


def why_not_writable(folder: Path) -> str:
    """Make a folder if it is not there; return why it cannot be written to, or an empty text."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return f"`{folder}` cannot be written: {error.strerror}"


def replace_text(path: Path, text: str) -> None:
    """Put a text in place of that of a file: a reader sees the old one or the new one, whole.

    Line ends, the mark at the beginning of the file, permissions and links to it stay.

    Raises:
        OSError: the file is as it was.

    """
    target = path.resolve()
    mark = codecs.BOM_UTF8 if target.read_bytes().startswith(codecs.BOM_UTF8) else b""
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            file.write(mark + text.encode())
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(target, unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
