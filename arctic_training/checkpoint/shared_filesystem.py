"""Whether all processes of a run see one folder: on several machines each may have its own."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar
from uuid import uuid4

import torch.distributed

from arctic_training.checkpoint.engine import CheckpointEngine
from arctic_training.config.checkpoint import CheckpointConfig
from arctic_training.core.mesh import Mesh
from arctic_training.errors import RecipeError, UnusableRecipeError

__all__ = ["check_shared"]

T = TypeVar("T")

_PATIENCE: Final = 10.0
"""Seconds until what one machine wrote is seen by another, with room for a slow file system."""


def check_shared(engines: Sequence[CheckpointEngine[CheckpointConfig]], mesh: Mesh) -> None:
    """Make sure that the first process sees what the others write, before anything is prepared.

    All processes have to call it. Each writes an empty file into each folder that all of them save
    in, and deletes it.

    Raises:
        UnusableRecipeError: a process has a folder of its own under that name.

    """
    if mesh.num_processes == 1:
        return
    saving = [each for each in engines if each.config.enabled and each.saves_together]
    if problems := [problem for engine in saving for problem in _problems(engine, mesh)]:
        raise UnusableRecipeError(problems)


def _problems(engine: CheckpointEngine[CheckpointConfig], mesh: Mesh) -> Iterator[RecipeError]:
    unseen = _unseen(engine.config.output_dir, mesh)
    if unseen:
        who = ", ".join(map(str, unseen))
        yield engine.problem(
            "output_dir",
            f"process 0 does not see what these processes write there: {who}; "
            "their part of each checkpoint would be missing",
            code="not-writable",
            hint="name a folder on a file system that all machines share",
        )


def _unseen(folder: Path, mesh: Mesh) -> list[int]:
    """Return the processes whose file the first one does not see."""
    token = _agreed(uuid4().hex)
    paths = [folder / f".probe-{token}-{rank}" for rank in range(mesh.num_processes)]
    with suppress(OSError):  # a process that cannot write is one whose file is not seen
        folder.mkdir(parents=True, exist_ok=True)
        paths[mesh.rank].touch()
    torch.distributed.barrier()
    unseen = _agreed([*_missing(paths)] if mesh.is_first else [])
    with suppress(OSError):
        paths[mesh.rank].unlink()
    return unseen


def _agreed(value: T) -> T:
    """Return the value of the first process."""
    values = [value]
    torch.distributed.broadcast_object_list(values)
    return values[0]


def _missing(paths: Sequence[Path]) -> Iterator[int]:
    deadline = time.monotonic() + _PATIENCE
    for rank, path in enumerate(paths):
        while not os.path.lexists(path):
            if time.monotonic() > deadline:
                yield rank
                break
            time.sleep(0.1)
