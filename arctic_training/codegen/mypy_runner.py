"""mypy, started as a process of its own, and what it said."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final

from arctic_training.fs.file_lock import locked
from arctic_training.fs.user_cache import ELSEWHERE, cache_folder

__all__ = ["TypeCheckError", "TypeProblem", "type_problems"]

_CONFIG: Final = Path(__file__).with_name("mypy.ini")
_FINDINGS: Final = 1


class TypeCheckError(Exception):
    """mypy could not do its work."""


@dataclass(frozen=True, slots=True)
class TypeProblem:
    """An error of mypy's. Lines and columns count from 1."""

    file: Path
    line: int
    column: int
    message: str
    hint: str


def type_problems(files: list[Path], roots: tuple[Path, ...]) -> list[TypeProblem]:
    """Type-check some files strictly.

    Args:
        files: what is checked.
        roots: where modules are found before those that are installed.

    Raises:
        TypeCheckError: mypy could not do its work.

    """
    cache = cache_folder(f"mypy-{hashlib.sha256(sys.prefix.encode()).hexdigest()[:12]}")
    with (
        tempfile.TemporaryDirectory(prefix="arctic-gen-types-") as name,
        locked(cache / "lock", remedy=ELSEWHERE),
    ):
        links = _links(roots, Path(name).resolve())
        done = _mypy([_by_link(file, links) for file in files], links, cache, Path(name))
        if done.returncode > _FINDINGS and not done.stdout.startswith("{"):
            raise TypeCheckError(f"mypy failed: {(done.stderr or done.stdout).strip()}")
        said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        errors = [entry for entry in said if entry["severity"] == "error"]
        return [
            _problem(entry, _checked(Path(name, str(entry["file"])), files, roots))
            for entry in errors
        ]


def _mypy(
    files: list[Path], links: dict[Path, Path], cache: Path, folder: Path
) -> subprocess.CompletedProcess[str]:
    # -P: a `mypy.py` or `json.py` in the project is looked at, and never run
    command = [sys.executable, "-P", "-m", "mypy", "--output", "json"]
    command += ["--config-file", str(_CONFIG), "--cache-dir", str(cache), *map(str, files)]
    environment = os.environ | {"MYPYPATH": os.pathsep.join(map(str, links.values()))}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def _links(roots: tuple[Path, ...], folder: Path) -> dict[Path, Path]:
    """Make a link to each root, under a name that no run had before.

    mypy takes a file of the same path, size and second for unchanged, which misses what `rsync -t`
    and archives bring. Of a file with another path than last time, it compares the contents.
    """
    links = {}
    for number, root in enumerate(dict.fromkeys(root.resolve() for root in roots)):
        if root.is_dir():
            links[root] = folder / str(number)
            links[root].symlink_to(root)
    return links


def _by_link(file: Path, links: dict[Path, Path]) -> Path:
    """Return the path of a file by the link to the innermost root that it lies in."""
    resolved = file.resolve()
    inner = max((r for r in links if resolved.is_relative_to(r)), key=_depth, default=None)
    return links[inner] / resolved.relative_to(inner) if inner else resolved


def _depth(path: Path) -> int:
    return len(path.parts)


def _checked(reported: Path, files: list[Path], roots: tuple[Path, ...]) -> Path:
    """Return the file that an error is about.

    mypy repeats an error that its cache holds with the path that the file had then, by a link that
    is gone.
    """
    ends = (reported.parts[start:] for start in range(len(reported.parts)))
    found = (root.joinpath(*end) for end in ends for root in roots)
    there = reported if reported.exists() else next(filter(Path.is_file, found), None)
    if there is not None:
        return there.resolve()
    return max(files, key=lambda file: _common_end(file, reported))


def _common_end(first: Path, second: Path) -> int:
    pairs = zip(reversed(first.parts), reversed(second.parts), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _problem(entry: dict[str, str | int | None], file: Path) -> TypeProblem:
    code = f"  [{entry['code']}]" if entry.get("code") else ""
    return TypeProblem(
        file=file,
        line=max(1, int(entry["line"] or 1)),  # -1 where it is about a whole module
        column=max(1, int(entry["column"] or 0) + 1),
        message=f"{entry['message']}{code}",
        hint=str(entry.get("hint") or ""),
    )
