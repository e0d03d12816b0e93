"""The type check of the user's files, by what they hold."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from arctic_training.codegen.mypy_runner import TypeProblem, type_problems
from tests.support import write

_LOSS = "from inner.helper import value\n\n\ndef loss() -> int:\n    return value()\n"
_HELPER = "from deep import number\n\n\ndef value() -> int:\n    return number\n"
_TIME = 1_000_000_000


def _project(folder: Path) -> Path:
    write(folder / "pyproject.toml", "")
    write(folder / "loss.py", _LOSS)
    write(folder / "src/inner/helper.py", _HELPER)
    write(folder / "src/deep.py", "number: int = 1\n")
    for path in folder.rglob("*.py"):
        os.utime(path, (_TIME, _TIME))
    return folder


def _problems(folder: Path) -> list[TypeProblem]:
    return type_problems([folder / "loss.py"], (folder, folder / "src"))


def _replace(path: Path, old: str, new: str) -> None:
    """Write another text of the same length, and the time from before, as `rsync -t` does."""
    text = path.read_text("utf-8")
    assert old in text
    assert len(old) == len(new)
    write(path, text.replace(old, new))
    os.utime(path, (_TIME, _TIME))


@pytest.mark.parametrize(
    ("file", "old", "new", "wrong"),
    [
        ("loss.py", "-> int", "-> str", "loss.py"),
        ("loss.py", "value()", "valuf()", "loss.py"),
        ("src/inner/helper.py", "-> int", "-> str", "loss.py"),
        ("src/deep.py", "int = 1", "int = x", "src/deep.py"),
        ("src/deep.py", "int", "str", "src/deep.py"),
    ],
)
def test_a_change_is_seen_that_keeps_size_and_time(
    file: str, old: str, new: str, wrong: str, tmp_path: Path
) -> None:
    """An error is found in a file, and in what it imports, whatever the times of files say.

    It has its place again when mypy repeats it from its cache, and is gone when it is mended.
    """
    folder = _project(tmp_path / "project")
    assert _problems(folder) == []
    _replace(folder / file, old, new)
    found = _problems(folder)
    assert folder / wrong in {problem.file for problem in found}
    assert _problems(folder) == found
    _replace(folder / file, new, old)
    assert _problems(folder) == []


def test_a_stub_beside_a_module_is_seen(tmp_path: Path) -> None:
    """A `.pyi` is read in place of its module, and by what it holds as well."""
    folder = _project(tmp_path / "project")
    stub = write(folder / "src/deep.pyi", "number: int\n")
    os.utime(stub, (_TIME, _TIME))
    assert _problems(folder) == []
    _replace(stub, "int", "str")
    assert [problem.file.name for problem in _problems(folder)] == ["helper.py"]


def test_two_projects_with_modules_of_the_same_names(tmp_path: Path) -> None:
    """What is remembered of one project is not said of another."""
    first, second = _project(tmp_path / "first"), _project(tmp_path / "second")
    _replace(second / "loss.py", "-> int", "-> str")
    for _ in range(2):
        assert _problems(first) == []
        assert [problem.file for problem in _problems(second)] == [second / "loss.py"]
