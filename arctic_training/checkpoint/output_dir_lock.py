"""One run at a time in a folder of checkpoints: two would save over each other."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeAlias

from arctic_training.checkpoint.engine import CheckpointEngine
from arctic_training.config.checkpoint import CheckpointConfig
from arctic_training.errors import RecipeError

__all__ = ["occupied_problems", "output_dir_lock"]

_Engine: TypeAlias = CheckpointEngine[CheckpointConfig]


@contextmanager
def output_dir_lock(
    engines: Sequence[_Engine], *, note: Callable[[str], None] = lambda _: None
) -> Iterator[None]:
    """Keep every other run of this machine out of the folders that a run saves in.

    A process that is killed keeps nothing locked. Where a file system has no locks, there is none,
    which is noted.

    Raises:
        RecipeError: another run saves in one of them.

    """
    with ExitStack() as locks:
        for folder, engine in _folders(engines).items():
            try:
                is_locked = locks.enter_context(_locked(folder))
            except BlockingIOError:
                raise _occupied(folder, engine) from None
            if not is_locked:
                note(f"warning: no locks in `{folder}`: a second run there goes unnoticed")
        yield


def occupied_problems(engines: Sequence[_Engine]) -> Iterator[RecipeError]:
    """Iterate over the folders in which another run saves just now."""
    for folder, engine in _folders(engines).items():
        try:
            with _locked(folder):
                pass
        except BlockingIOError:
            yield _occupied(folder, engine)


def _folders(engines: Sequence[_Engine]) -> dict[Path, _Engine]:
    """Return the folders that the first process locks, each with one of those that save there."""
    saving = (each for each in engines if each.config.enabled and each.trainer.mesh.is_first)
    folders = {each.config.output_dir.resolve(): each for each in saving}
    return {folder: engine for folder, engine in folders.items() if folder.is_dir()}


def _occupied(folder: Path, engine: _Engine) -> RecipeError:
    return engine.problem(
        "output_dir",
        f"another run saves in `{folder}` just now",
        code="in-use",
        hint="wait until it has ended, or choose another `output_dir`",
    )


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Lock a folder itself, which leaves no file in it; false where its file system has no locks.

    Raises:
        BlockingIOError: another process has it, or this one, for another trainer.

    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield _lock(handle)
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True
