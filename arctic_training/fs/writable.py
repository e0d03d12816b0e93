"""Whether a folder or a file can be written, found out before it matters."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

__all__ = [
    "why_not_makeable",
    "why_not_overwritable",
    "why_not_writable",
]


def why_not_writable(folder: Path) -> str:
    """Make a folder if it is not there; return why it cannot be written to, or an empty string."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return f"`{folder}` cannot be written: {_reason(folder, error)}"


def why_not_makeable(folder: Path) -> str:
    """Return why a folder could neither be made nor written to, without making it, or nothing."""
    above = _existing(folder)
    if not above.is_dir():
        return f"`{folder}` cannot be written: {_blocked(above)}"
    if _is_virtual(above):
        return f"`{folder}` cannot be written: {_virtual(above)}"
    if not os.access(above, os.W_OK | os.X_OK):
        return f"`{folder}` cannot be written: no permission to write in `{above}`"
    return ""


def why_not_overwritable(path: Path, is_ours: Callable[[Path], bool], kind: str) -> str:
    """Return why a file cannot be overwritten, or an empty string.

    A file that is not there, or empty, has nothing to lose, and neither has a device. ``is_ours``
    tells by what a file holds whether it is one of the ``kind`` that is to be written.
    """
    if path.is_symlink() and not path.exists():
        return f"`{path}` is a symbolic link to nothing: remove it, or name another file"
    if not path.is_file() or not path.stat().st_size or is_ours(path):
        return ""
    return f"`{path}` is not {kind} and is not overwritten: name another file, or delete this one"


def _reason(folder: Path, error: OSError) -> str:
    """Return why a folder cannot be written to: what the system says is not always why."""
    above = _existing(folder)
    if not above.is_dir():
        return _blocked(above)
    if _is_virtual(above):
        return _virtual(above)
    if isinstance(error, PermissionError):
        return f"no permission to write in `{above}`"
    return error.strerror or str(error)


def _existing(folder: Path) -> Path:
    return next((each for each in (folder, *folder.parents) if os.path.lexists(each)), Path("/"))


def _blocked(above: Path) -> str:
    return f"`{above}` is a link to nothing" if above.is_symlink() else f"`{above}` is a file"


def _is_virtual(folder: Path) -> bool:
    """Return whether a folder only shows what the system knows, and takes no files."""
    return folder.is_relative_to("/proc") or folder.is_relative_to("/sys")


def _virtual(folder: Path) -> str:
    return f"`/{folder.parts[1]}` belongs to the system and takes no files"
