"""Folders that are complete or absent: written aside, marked, and renamed into place."""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from arctic_training.fs.disk_errors import disk_error_context
from arctic_training.fs.folder_mark import MARK

__all__ = [
    "is_intact",
    "is_whole",
    "remove",
    "settle",
    "unfinished_folder",
    "unfinished_in",
    "writing",
]

_UNFINISHED: Final = ".incomplete"
_CHUNK: Final = 1 << 20


@contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """Give a folder to write into, which takes its place under its name when all is written.

    Whatever happens in between, that name never refers to an incomplete folder; if the process is
    killed exactly when one replaces another, the name refers to nothing. An unfinished one of an
    earlier run is overwritten.

    Raises:
        OSError: it cannot be written, whatever the library says that writes.

    """
    unfinished = unfinished_folder(folder)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        with disk_error_context(unfinished):
            yield unfinished
            _mark(unfinished)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    replaced = _set_aside(folder)
    unfinished.rename(folder)
    _flush(folder.parent)
    shutil.rmtree(replaced, ignore_errors=True)


def settle(written: Path, folder: Path) -> None:
    """Give a complete folder its name, unless another complete one has that by then.

    Processes of several machines may each write their own: the first to settle wins.

    Raises:
        OSError: it cannot be renamed, and no complete one is there.

    """
    if folder.exists() and not is_whole(folder):
        shutil.rmtree(folder)
    try:
        written.rename(folder)
    except OSError:
        shutil.rmtree(written)
        if not is_whole(folder):
            raise


def unfinished_in(folder: Path) -> list[Path]:
    """Return the entries of a folder whose writing, replacement or deletion was interrupted."""
    return [*folder.glob(f"*{_UNFINISHED}")]


def is_whole(folder: Path) -> bool:
    """Return whether a folder was written to its end, and no file is gone or cut since."""
    files = _marked(folder)
    try:
        sizes = {name: (folder / name).stat().st_size for name in files}
    except OSError:
        return False
    known = {name: file["size"] for name, file in files.items()}
    return bool(files) and sizes == known and not folder.name.endswith(_UNFINISHED)


def is_intact(folder: Path) -> bool:
    """Return whether a folder is whole, and each byte in it is the one that was written."""
    if not is_whole(folder):
        return False
    known = {name: file["crc32"] for name, file in _marked(folder).items()}
    return known == _checksums(folder, known)


def remove(folder: Path) -> None:
    """Delete a folder; its name never refers to half of it."""
    shutil.rmtree(_set_aside(folder), ignore_errors=True)


def _set_aside(folder: Path) -> Path:
    replaced = folder.with_name(folder.name + ".replaced" + _UNFINISHED)
    shutil.rmtree(replaced, ignore_errors=True)
    if folder.exists():
        folder.rename(replaced)
    return replaced


def unfinished_folder(folder: Path) -> Path:
    """Return the path under which a folder is written until it is complete."""
    return folder.with_name(folder.name + _UNFINISHED)


def _mark(folder: Path) -> None:
    """Flush every file to the disk, and note its size and its checksum."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in paths:
        _flush(path)
    checksums = _checksums(folder, [path.relative_to(folder).as_posix() for path in paths])
    files = {
        name: {"size": (folder / name).stat().st_size, "crc32": checksum}
        for name, checksum in checksums.items()
    }
    (folder / MARK).write_text(json.dumps({"files": files}, indent=2) + "\n")
    _flush(folder / MARK)
    _flush(folder)


def _marked(folder: Path) -> dict[str, dict[str, int]]:
    """Return the size and the checksum of each file, as they were when it was written.

    A mark that is gone, or is not as ``_mark`` writes it, knows of no file.
    """
    try:
        files = json.loads((folder / MARK).read_text())["files"]
        return {name: {key: file[key] for key in ("size", "crc32")} for name, file in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _checksums(folder: Path, names: Iterable[str]) -> dict[str, int]:
    """Return the CRC-32 of files, several at once: it is computed without Python's lock."""
    names = list(names)
    with ThreadPoolExecutor() as pool:
        return dict(zip(names, pool.map(_checksum, [folder / name for name in names]), strict=True))


def _checksum(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            checksum = zlib.crc32(chunk, checksum)
    return checksum


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
