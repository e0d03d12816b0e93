"""The stages of a generation, in their order."""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from arctic_training.codegen.plan import plan
from arctic_training.codegen.render import render
from arctic_training.codegen.stages import STAGES
from arctic_training.definition.load import load_tree
from arctic_training.definition.read import read
from arctic_training.definition.resolve import resolve
from arctic_training.document import load
from arctic_training.project.locations import Project
from tests.support import RICH_DEFINITION, write

GivenT = TypeVar("GivenT")
MadeT = TypeVar("MadeT")


def test_the_stages_are_those_of_the_design() -> None:
    """They stand in the order in which they run."""
    names = [stage.name for stage in STAGES]
    assert names == ["load", "read", "resolve", "plan", "render", "verify", "publish"]


def test_no_stage_imports_a_later_one() -> None:
    """What a stage needs comes from the stages before it."""
    homes = [stage.function.__module__ for stage in STAGES]
    for number, stage in enumerate(STAGES):
        tree = ast.parse(Path(inspect.getfile(stage.function)).read_text("utf-8"))
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not imported & {*homes[number + 1 :]}, stage.name


def _run(given: GivenT, stage: Callable[[GivenT], MadeT]) -> MadeT:
    """Run a stage twice, and see that it leaves alone what it is given."""
    before = copy.deepcopy(given)
    made = stage(given)
    assert given == before
    assert stage(given) == made
    return made


def test_no_stage_mutates_its_arguments(tmp_path: Path) -> None:
    """Each may run again on what it was given, and returns the same."""
    path = write(tmp_path / "mine.yaml", RICH_DEFINITION)
    project = Project.of(path)
    document, _ = load(path)
    assert document is not None
    tree, problems = _run(document, lambda given: load_tree(given, path, project))
    assert tree is not None
    assert problems == []
    reading, _ = _run(tree, lambda given: read(given.linked, given.text))
    spec, _ = _run(reading, lambda given: resolve(given, path, project))
    files = _run(spec, plan)
    assert "arctic_trainers/mine/config.py" in _run(files, render)
