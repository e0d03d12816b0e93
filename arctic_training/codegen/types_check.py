"""mypy, started as a process of its own, and what it said."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final

from filelock import FileLock

from arctic_training.user_cache import cache_folder

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


def type_problems(files: list[Path], roots: tuple[Path, ...], folder: Path) -> list[TypeProblem]:
    """Type-check some files strictly.

    Args:
        files: what is checked.
        roots: where modules are found before those that are installed.
        folder: where mypy runs.

    Raises:
        TypeCheckError: mypy could not do its work.

    """
    cache = cache_folder(f"mypy-{hashlib.sha256(sys.prefix.encode()).hexdigest()[:12]}")
    # -P: a `mypy.py` or `json.py` in the project is looked at, and never run
    command = [
        sys.executable,
        "-P",
        "-m",
        "mypy",
        "--output",
        "json",
        "--config-file",
        str(_CONFIG),
    ]
    command += ["--cache-dir", str(cache), *map(str, files)]
    environment = os.environ | {"MYPYPATH": os.pathsep.join(map(str, roots))}
    with FileLock(cache / "lock"):
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
    if done.returncode > _FINDINGS and not done.stdout.startswith("{"):
        raise TypeCheckError(f"mypy failed: {(done.stderr or done.stdout).strip()}")
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    errors = [entry for entry in said if entry["severity"] == "error"]
    return [_problem(entry, _checked(folder / str(entry["file"]), files)) for entry in errors]


def _checked(reported: Path, files: list[Path]) -> Path:
    """Return the file that an error is about.

    mypy repeats an error that its cache holds with the path that the file had then: of files that
    are written aside to be checked, that is one which is gone.
    """
    if reported.exists():
        return reported.resolve()
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
