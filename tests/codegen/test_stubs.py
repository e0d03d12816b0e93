"""What a module of the user's lacks is printed to be pasted, and never written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support import DEFINITION, RICH_DEFINITION, arctic_gen, write


class _Kind(NamedTuple):
    """A hook that is missing: what the definition says, and what the user's module has."""

    name: str
    definition: str
    module: str = "HERE = 1\n"


def _definition(name: str, text: str, hook: str, *, metrics: bool, pairs: bool) -> str:
    text = text.replace("name: mine\n", f"name: {name}\n", 1)
    text = text.replace("MineTrainerConfig", f"{name.title().replace('_', '')}TrainerConfig")
    text = text.replace("loss: mine_loss:mine_loss\n", hook)
    text += "metrics: {one: mean, two: sum}\n" if metrics else ""
    return text.replace("data_factory_type: sft", "data_factory_type: dpo") if pairs else text


_WITHOUT_LOSS = """\
from arctic_trainers.{name}.trainer import {base}


class Own({base}):
    THERE = 1
"""


def _kinds() -> list[_Kind]:
    """Return a kind for each batch, with and without metrics, of each hook and config."""
    kinds = []
    for pairs in (False, True):
        for metrics in (False, True):
            for hook in ("function", "class", "lossless", "method", "rich"):
                name = f"{hook}_{'pairs' if pairs else 'tokens'}{'_metrics' if metrics else ''}"
                code = f"{name}_code"
                said = {
                    "class": f"loss: {name}_loss:loss\nimplementation: {code}:Own\n",
                    "lossless": f"implementation: {code}:Own\n",
                    "method": f"implementation: {code}:Own\n",
                }.get(hook, f"loss: {code}:a_loss\n")
                text = RICH_DEFINITION if hook == "rich" else DEFINITION
                text = _definition(name, text, said, metrics=metrics, pairs=pairs)
                base = f"{name.title().replace('_', '')}TrainerBase"
                module = (
                    _WITHOUT_LOSS.format(name=name, base=base) if hook == "method" else "X = 1\n"
                )
                kinds.append(_Kind(name, text, module))
    return kinds


def _pasted(module: str, paste: str) -> str:
    """Return a module after what was printed is put where it says."""
    imports, mark, method = paste.partition("# Among the methods of Own:\n")
    return f"{imports}{module}\n{method}" if mark else f"{module}\n\n{paste}"


@pytest.mark.timeout(600)
def test_a_hook_that_is_missing_is_printed_to_be_pasted(tmp_path: Path) -> None:
    """Of 20 kinds of hooks: not a byte of the user's changes, and with what is printed it is right.

    Those that a module lacks are found at once, those that a class lacks by mypy.
    """
    kinds = _kinds()
    assert len(kinds) == 20
    write(tmp_path / "pyproject.toml", "")
    modules = {kind.name: tmp_path / f"{kind.name}_code.py" for kind in kinds}
    for kind in kinds:
        write(tmp_path / f"{kind.name}.yaml", kind.definition)
        write(modules[kind.name], kind.module)
    found = []
    command = ["new-trainer", "--format", "json", *(f"{kind.name}.yaml" for kind in kinds)]
    while (done := arctic_gen(*command, folder=tmp_path)).code:
        diagnostics = json.loads(done.out)["diagnostics"]
        assert {d["code"] for d in diagnostics} <= {"not-importable", "missing-loss"}
        assert not (tmp_path / "generated").exists()
        for diagnostic in diagnostics:
            name = diagnostic["path"].removesuffix(".yaml")
            before = modules[name].read_text(encoding="utf-8")
            assert before == next(kind.module for kind in kinds if kind.name == name)
            found.append(name)
            write(modules[name], _pasted(before, diagnostic["paste"]))
    assert sorted(found) == sorted(modules)
    assert done.err == ""


def test_check_prints_it_too(tmp_path: Path) -> None:
    """A loss that went missing after it was generated is printed by `check`, with its imports."""
    write(tmp_path / "mine.yaml", DEFINITION)
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path).code == 0
    begun = (tmp_path / "mine_loss.py").read_text(encoding="utf-8")
    write(tmp_path / "mine_loss.py", "HERE = 1\n")
    done = arctic_gen("check", folder=tmp_path)
    assert done.code == 1
    lines = done.out.splitlines()
    assert begun.partition("annotations\n\n")[2].splitlines() == lines[5:]


def test_a_first_loss_of_single_answers(tmp_path: Path) -> None:
    """For labelled answers, a loss is begun that ranks them by their label, and type-checks."""
    write(tmp_path / "pyproject.toml", "")
    begun = arctic_gen("init", "own", "--no-questions", "--data", "unpaired", folder=tmp_path)
    made = arctic_gen("new-trainer", "own.yaml", folder=tmp_path)
    assert (begun.code, made.code) == (0, 0), made.out + made.err
    assert 'scores.where(batch["is_good"], -scores)' in (tmp_path / "own_loss.py").read_text()
    assert arctic_gen("validate", "own.recipe.yaml", folder=tmp_path).code == 0
