"""Folders that are whole or not there: written aside, marked, and renamed into place."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import torch.distributed

from arctic_training.launcher.world import World

__all__ = ["is_whole", "remove", "writing", "writing_together"]

_MARK: Final = "checkpoint.json"
_UNFINISHED: Final = ".incomplete"


@contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """Give a folder to write into, which takes its place under its name when all is written.

    Whatever happens in between, nothing that is not whole ever stands under that name; if the
    process is killed at the very moment when one takes the place of another, nothing does. An
    unfinished one of an earlier run is overwritten.
    """
    unfinished = _aside(folder)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        _mark(unfinished)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    replaced = _set_aside(folder)
    unfinished.rename(folder)
    _flush(folder.parent)
    shutil.rmtree(replaced, ignore_errors=True)


@contextmanager
def writing_together(folder: Path, world: World) -> Iterator[Path]:
    """Do the same with all processes of a run, which write into one folder.

    Each gets the folder when it is there; it takes its place when all have written.
    """
    if world.is_first:
        with writing(folder) as unfinished:
            torch.distributed.barrier()
            yield unfinished
            torch.distributed.barrier()
    else:
        torch.distributed.barrier()
        yield _aside(folder)
        torch.distributed.barrier()
    torch.distributed.barrier()


def is_whole(folder: Path) -> bool:
    """Return whether a folder was written to its end and nothing of it was lost since."""
    try:
        files: dict[str, int] = json.loads((folder / _MARK).read_text())["files"]
        sizes = {name: (folder / name).stat().st_size for name in files}
    except (OSError, ValueError, KeyError):
        return False
    return sizes == files and not folder.name.endswith(_UNFINISHED)


def remove(folder: Path) -> None:
    """Delete a folder; half of it never stands under its name."""
    shutil.rmtree(_set_aside(folder), ignore_errors=True)


def _set_aside(folder: Path) -> Path:
    replaced = folder.with_name(folder.name + ".replaced" + _UNFINISHED)
    shutil.rmtree(replaced, ignore_errors=True)
    if folder.exists():
        folder.rename(replaced)
    return replaced


def _aside(folder: Path) -> Path:
    return folder.with_name(folder.name + _UNFINISHED)


def _mark(folder: Path) -> None:
    """Flush every file to the disk and note their sizes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        _flush(path)
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}
    (folder / _MARK).write_text(json.dumps({"files": sizes}, indent=2) + "\n")
    _flush(folder / _MARK)
    _flush(folder)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
