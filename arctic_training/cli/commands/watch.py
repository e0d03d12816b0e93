"""``arctic-gen new-trainer --watch``: generate again whenever something of the project changes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, NoReturn

import click

from arctic_training.document import UnreadableError, load
from arctic_training.project.locations import Project

__all__ = ["INTERVAL", "watch", "watch_definitions"]

INTERVAL: Final = 0.3
"""Seconds between two polls of the files; a change takes effect at the first poll without one."""

_SUFFIXES: Final = (".yaml", ".yml", ".json", ".py")
_NOT_LOOKED_INTO: Final = {"generated", "node_modules", "build", "dist", "__pycache__"}


def watch_definitions(definitions: list[Path], generate: Callable[[], None]) -> NoReturn:
    """Generate trainers after every change in their projects, until Ctrl-C; errors end nothing.

    A file may be gone for a moment, as while an editor or git puts another one in its place.

    Raises:
        UnreadableError: a definition is not there to begin with.

    """
    for path in definitions:
        load(path)

    def work() -> None:
        try:
            generate()
        except SystemExit:
            pass  # what it found is printed
        except (click.ClickException, UnreadableError, OSError) as error:
            if isinstance(error, OSError) and error.filename is None:
                raise  # of the terminal, not of a file
            click.echo(f"error: {_said(error)}", err=True)
        click.echo("waiting for a change; Ctrl-C ends it", err=True)

    roots = {Project.of(path).root for path in definitions}
    watch(roots, work, lambda: time.sleep(INTERVAL))


def _said(error: Exception) -> str:
    match error:
        case click.ClickException():
            return error.format_message()
        case OSError(filename=name, strerror=reason):
            return f"{name}: {reason}"
        case _:
            return str(error)


def watch(roots: Iterable[Path], work: Callable[[], None], pause: Callable[[], None]) -> NoReturn:
    """Do the work, and again after every change of a definition, recipe or module below ``roots``.

    What changes while the work is done is a change after it. It ends when something is raised.
    """
    folders = list(roots)
    while True:
        before = _times(folders)
        work()
        while (now := _times(folders)) == before:
            pause()
        while now != before:
            before = now
            pause()
            now = _times(folders)


def _times(roots: Iterable[Path]) -> dict[str, int]:
    """Return when each file was last written."""
    return {path: _time(path) for root in roots for path in _files(root)}


def _files(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in _NOT_LOOKED_INTO and not f.startswith(".")]
        yield from (f"{folder}/{name}" for name in names if name.endswith(_SUFFIXES))


def _time(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - often
    except OSError:  # gone, or a parent is no longer a folder
        return 0
