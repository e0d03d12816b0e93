"""Atomic folders that all processes of a run write into."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import torch.distributed

from arctic_training.core.mesh import Mesh
from arctic_training.fs.atomic_folder import unfinished_folder, writing
from arctic_training.fs.disk_errors import disk_error_context

__all__ = ["writing_together"]

_PATIENCE: Final = 60.0
"""Seconds until a file of another machine is seen: NFS may keep an old listing so long."""
_PAUSE: Final = 0.2


@contextmanager
def writing_together(folder: Path, mesh: Mesh) -> Iterator[Path]:
    """Write a folder with all processes of a run; it takes its place when all have written.

    Each gets the folder once it exists. It is complete when the first process sees every file of
    the others.

    Raises:
        OSError: a file cannot be written, or the first process does not see it.

    """
    if mesh.is_first:
        with writing(folder) as unfinished:
            torch.distributed.barrier()
            yield unfinished
            torch.distributed.barrier()
            _check_seen(unfinished, mesh)
    else:
        unfinished = unfinished_folder(folder)
        torch.distributed.barrier()
        with disk_error_context(unfinished):
            unfinished.mkdir(parents=True, exist_ok=True)  # is there, unless it is another one
            yield unfinished
        torch.distributed.barrier()
        _check_seen(unfinished, mesh)
    torch.distributed.barrier()


def _check_seen(folder: Path, mesh: Mesh) -> None:
    """Compare what the processes see in a folder; the first one marks what it sees as complete.

    Raises:
        OSError: the first one does not see a file of another.

    """
    if mesh.num_processes == 1:
        return
    seen: list[dict[str, int]] = [{} for _ in range(mesh.num_processes)]
    torch.distributed.all_gather_object(seen, _sizes(folder))
    expected = {name: size for files in seen for name, size in files.items()}
    unseen = [_unseen(folder, expected) if mesh.is_first else ""]
    torch.distributed.broadcast_object_list(unseen)
    if unseen[0]:
        if not mesh.is_first:
            shutil.rmtree(folder, ignore_errors=True)
        message = f"process 0 does not see `{unseen[0]}` as another process wrote it"
        raise OSError(f"{message}: is the folder shared by all machines?")


def _unseen(folder: Path, expected: Mapping[str, int]) -> str:
    """Return a file that is not as expected, or ""; a remote folder may show it late."""
    deadline = time.monotonic() + _PATIENCE
    while missing := min(expected.items() - _sizes(folder).items(), default=None):
        if time.monotonic() > deadline:
            return missing[0]
        time.sleep(_PAUSE)
    return ""


def _sizes(folder: Path) -> dict[str, int]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}
