"""All mistakes of a definition are reported in one run."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from arctic_training.definition.stages import read_definitions
from tests.definition.mistakes import BASE, KINDS, MISTAKES, Mistake, Seeded, seeded
from tests.support import write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a project with a module that lacks what definitions name."""
    write(tmp_path / "pyproject.toml", "")
    write(tmp_path / "there.py", "def other(trainer, batch): ...\n")
    write(tmp_path / "mine_loss.py", "def helper(): ...\ndef mine_loss(trainer, batch): ...\n")
    return tmp_path


def _found(text: str, folder: Path) -> set[tuple[int, str]]:
    """Return the line and the code of each finding."""
    _, problems = read_definitions([write(folder / "mine.yaml", text)])
    return {(problem.span.line, problem.code) for problem in problems}


def _unreported(definition: Seeded, folder: Path) -> list[Mistake]:
    found = _found(definition.text, folder)
    return [each for line, each in definition.mistakes.items() if (line, each.code) not in found]


def test_the_definition_without_mistakes_is_right(folder: Path) -> None:
    """What the mistakes are put into has none."""
    assert _found(BASE, folder) == set()


def test_each_mistake_is_reported_by_itself(folder: Path) -> None:
    """One mistake is reported with its code, on its line."""
    lines = BASE.splitlines()
    for mistake in MISTAKES:
        number = next(n for n, line in enumerate(lines) if line.startswith(mistake.at))
        text = "\n".join([*lines[:number], mistake.line, *lines[number + 1 :]])
        assert _unreported(Seeded(text, {number + 1: mistake}), folder) == [], mistake


@pytest.mark.parametrize("count", [60, pytest.param(300, marks=pytest.mark.full)])
def test_one_run_reports_every_mistake(count: int, folder: Path) -> None:
    """Of definitions with 1 to 10 mistakes of every kind, 98 % are told all of theirs at once."""
    chance = random.Random(count)  # noqa: S311 - it picks mistakes
    definitions = [seeded(chance) for _ in range(count)]
    kinds = {mistake.kind for each in definitions for mistake in each.mistakes.values()}
    assert kinds == {*KINDS}
    hidden = [lacking for each in definitions if (lacking := _unreported(each, folder))]
    assert len(hidden) <= 0.02 * count, hidden
