"""Inputs and outputs of a run, to recognise a run that would change nothing.

The record is in the cache, not in the project: without it, a run only takes longer. It holds
the hashes of all that has a say in the result, so it never speaks for what has changed since.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from arctic_training.fs.atomic_file import write_file
from arctic_training.fs.user_cache import cache_folder
from arctic_training.project.locations import Project, module_file

__all__ = ["Seen", "remember", "said_before"]

_PACKAGE: Final = Path(__file__).parent.parent
_GENERATOR: Final = (
    "codegen",
    "config",
    "definition",
    "diagnostics",
    "document",
    "fs",
    "lint",
    "project",
    "schemas",
    "templates",
    "validation",
)
_DOCUMENTS: Final = (".yaml", ".yml", ".json")
_BYTECODE: Final = "__pycache__"
_CLOCK: Final = 0.02
"""How many seconds the times of files may lag behind the clock."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What had a say in a run, and what the run says when nothing changes."""

    read: Iterable[Path]
    """Definitions, what they extend and share, the user's functions and recipes."""

    made: Mapping[Path, str]
    """What was generated, with its text."""

    folders: Iterable[Path]
    """Packages that were generated, which must contain nothing else."""

    documents: Iterable[Path]
    """Folders of the definitions, in which another may get the name of one."""

    modules: Mapping[str, tuple[Path, ...]]
    """Modules of the user's functions, each with the folders in which it is looked for."""

    said: str


def remember(definitions: list[Path], output: Path | None, seen: Seen, began: float) -> None:
    """Keep what a run saw, unless something that it read was written after it ``began``.

    ``began`` is in seconds since 1970.
    """
    if any(path.exists() and path.stat().st_mtime > began - _CLOCK for path in seen.read):
        return
    made = {str(path): _hash(text.encode()) for path, text in seen.made.items()}
    record = {
        "generator": _generator(),
        "projects": _projects(definitions, output),
        "files": {str(path): _digest(path) for path in seen.read} | made,
        "folders": {str(folder): _names(folder) for folder in seen.folders},
        "documents": {str(folder): _documents(folder) for folder in seen.documents},
        "modules": {m: [*map(str, roots)] for m, roots in seen.modules.items()},
        "found": {m: _found(m, roots) for m, roots in seen.modules.items()},
        "said": seen.said,
    }
    with suppress(OSError):  # without a record, the next run takes longer
        write_file(_place(definitions, output), json.dumps(record), is_durable=False)


def said_before(definitions: list[Path], output: Path | None) -> str | None:
    """Return what a run with these arguments says, if it would find nothing to do."""
    try:
        record = json.loads(_place(definitions, output).read_text(encoding="utf-8"))
        holds = (
            record["generator"] == _generator()
            and record["projects"] == _projects(definitions, output)
            and all(_digest(Path(path)) == made for path, made in record["files"].items())
            and all(_names(Path(folder)) == names for folder, names in record["folders"].items())
            and all(
                _documents(Path(folder)) == names for folder, names in record["documents"].items()
            )
            and all(
                _found(module, tuple(map(Path, roots))) == record["found"][module]
                for module, roots in record["modules"].items()
            )
        )
        return str(record["said"]) if holds else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _place(definitions: list[Path], output: Path | None) -> Path:
    """Return where the record of a command is: its paths are shown from the current folder."""
    command = json.dumps([os.getcwd(), *map(str, definitions), str(output)])  # noqa: PTH109
    name = hashlib.sha256(command.encode(errors="surrogateescape")).hexdigest()
    return cache_folder("unchanged") / f"{name}.json"


def _projects(definitions: list[Path], output: Path | None) -> list[str]:
    firsts = {path.parent: path for path in reversed(definitions)}
    projects = [Project.of(path, output=output) for path in firsts.values()]
    return [f"{project.root} {project.generated}" for project in projects]


def _digest(path: Path) -> str:
    """Return what tells states of a path apart; a pipe is not opened, which would wait."""
    if path.is_file():
        return _hash(path.read_bytes())
    return "no regular file" if os.path.lexists(path) else ""


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in os.scandir(folder) if entry.name != _BYTECODE)


def _documents(folder: Path) -> list[str]:
    return sorted(e.name for e in os.scandir(folder) if e.name.endswith(_DOCUMENTS))


def _found(module: str, roots: tuple[Path, ...]) -> str:
    return str(module_file(module, roots))


def _generator() -> str:
    """Return what tells one state of the generator from another."""
    from ruff import find_ruff_bin

    digest = hashlib.sha256()
    for path in (*_sources(), find_ruff_bin()):
        at = os.stat(path)  # noqa: PTH116 - there are some hundred of them
        digest.update(f"{path} {at.st_size} {at.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _sources() -> Iterator[str]:
    for part in _GENERATOR:
        packaged = _PACKAGE / part
        root = packaged if packaged.exists() else _PACKAGE.parent / part
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if name != _BYTECODE)
            yield from (f"{folder}/{name}" for name in sorted(names))
    yield from (f"{_PACKAGE}/{name}.py" for name in ("errors", "public_names"))
