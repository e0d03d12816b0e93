"""No verdict of safety where code that was written before fails to type-check."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from arctic_training.breaking.compare import breaks
from arctic_training.breaking.rule import Contract
from arctic_training.codegen.mypy_runner import type_problems
from arctic_training.codegen.plan import plan
from arctic_training.codegen.render import render
from arctic_training.definition.definition import Definition
from arctic_training.project.interface import INTERFACE
from tests.breaking.changed import changed_definitions
from tests.support import write


def _code_of_before(spec: Definition) -> str:
    """Return code that reads and makes all that the config of a definition has, in its types."""
    config = render(plan(spec))[f"arctic_trainers/{spec.package}/config.py"]
    tree = ast.parse(config)
    models = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    imports = [ast.unparse(node) for node in tree.body if isinstance(node, ast.ImportFrom)]
    names = ", ".join(model.name for model in models)
    lines = [
        *imports,
        f"from arctic_trainers.{spec.package}.config import {names}",
        "from arctic_training.core.loss_output import LossOutput",
        "from arctic_training.trainer.trainer import Trainer",
        f"from {spec.batch.module} import {spec.batch.name}",
        f"Ours = Trainer[{spec.config_class}, {spec.batch.name}]",
        f"def loss(trainer: Ours, batch: {spec.batch.name}) -> LossOutput:",
        "    raise NotImplementedError",
    ]
    for model in models:
        lines += _uses(model)
    return "\n".join(lines) + "\n"


def _uses(model: ast.ClassDef) -> Iterator[str]:
    nodes = [node for node in model.body if isinstance(node, ast.AnnAssign)]
    fields = {ast.unparse(node.target): ast.unparse(node.annotation) for node in nodes}
    needed = {ast.unparse(node.target) for node in nodes if node.value is None}
    yield f"def read_{model.name}(model: {model.name}) -> None:"
    yield from (f"    x{n}: {kind} = model.{name}" for n, (name, kind) in enumerate(fields.items()))
    yield "    return None"
    for how, some in (("all", {**fields}), ("least", {n: fields[n] for n in needed})):
        taken = "".join(f", {name}: {kind}" for name, kind in some.items())
        given = ", ".join(f"{name}={name}" for name in some)
        yield f"def {how}_{model.name}(_: int{taken}) -> {model.name}:"
        yield f"    return {model.name}({given})"


def _derived(spec: Definition) -> str:
    return (
        f"from arctic_trainers.{spec.package}.trainer import {spec.base_class}\n"
        f"class Derived({spec.base_class}, abstract=True, interface={INTERFACE}):\n    pass\n"
    )


@pytest.mark.parametrize(
    "count", [10, pytest.param(100, marks=pytest.mark.full)], ids=["some", "all"]
)
def test_what_fails_to_type_check_is_never_called_safe(count: int, tmp_path: Path) -> None:
    """Of changed definitions, each that fails code which was right before breaks some rule."""
    pairs = [*changed_definitions(tmp_path, count)]
    root = tmp_path / "root"
    files = []
    for number, (old, new) in enumerate(pairs):
        for path, text in render(plan(new)).items():
            write(root / path, text)
        files.append(write(root / f"theirs{number}.py", _code_of_before(old)))
        files.append(write(root / f"derived{number}.py", _derived(old)))
        files.append(root / f"arctic_trainers/{new.package}/trainer.py")
    write(root / "theirs.py", "class Implementation: ...\n")
    problems = type_problems(files, (root,))
    failed = {
        number
        for number, (_, new) in enumerate(pairs)
        for problem in problems
        if problem.file.stem in {f"theirs{number}", f"derived{number}"}
        or problem.file.parent.name == new.package
    }
    found = {n for n, (o, new) in enumerate(pairs) if [*breaks([o], [new], Contract.PYTHON)]}
    assert failed - found == set()
    assert 0 not in failed | found
    assert len(failed) > count / 3
    assert len(found) < count
