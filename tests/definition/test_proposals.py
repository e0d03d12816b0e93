"""What findings of a definition propose."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctic_training.definition.stages import read_definitions
from arctic_training.diagnostics import Diagnostic
from tests.support import DEFINITION, write

_MODULE = "def _helper(): ...\n\n\ndef ratio(): ...\n\n\ndef mine_loss(): ...\n\n\nclass Own: ...\n"


def _only(folder: Path, text: str) -> Diagnostic:
    _, (problem,) = read_definitions([write(folder / "mine.yaml", text)])
    return problem


@pytest.mark.parametrize("key", ["config", "fields", "parameters"])
def test_fields_below_another_key_belong_below_properties(key: str, tmp_path: Path) -> None:
    """One finding is at the key; the fields below it are read, and their mistakes found."""
    text = DEFINITION.replace("  properties:\n", f"  {key}:\n")
    problem = _only(tmp_path, text)
    assert (problem.code, problem.suggestion) == ("unknown-key", "properties")
    assert problem.span.text == key
    wrong = text.replace("default: 0.5", "default: x")
    _, problems = read_definitions([write(tmp_path / "mine.yaml", wrong)])
    assert sorted(each.code for each in problems) == ["unknown-key", "wrong-type"]


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("{type: number, minimum: 2, maximum: 1}", "minimum"),
        ("{type: integer, minimum: 1, exclusiveMaximum: 1}", "minimum"),
        ("{type: string, minLength: 3, maxLength: 2}", "minLength"),
        ("{type: array, items: {type: number}, minItems: 3, maxItems: 2}", "minItems"),
    ],
)
def test_a_range_without_values_is_refused_at_its_lower_end(
    field: str, key: str, tmp_path: Path
) -> None:
    """The finding is at the key of the lower limit, with the place of the upper one."""
    text = DEFINITION.replace("    alpha:\n", f"    beta: {field}\n    alpha:\n")
    problem = _only(tmp_path, text)
    assert (problem.code, problem.span.text) == ("out-of-range", key)
    assert len(problem.related) == 1


@pytest.mark.parametrize(
    ("named", "meant"),
    [
        ("./losses/mine.py", "losses.mine:mine_loss"),
        ("losses/mine.py:rato", "losses.mine:ratio"),
        ("./src/other.py", "other:mine_loss"),
        ("./nothing.py", "nothing:nothing"),
    ],
)
def test_a_loss_that_is_a_file_is_proposed_as_a_function_of_it(
    named: str, meant: str, tmp_path: Path
) -> None:
    """`module:function` names a public function that the file has, if there is one."""
    write(tmp_path / "pyproject.toml", "")
    write(tmp_path / "losses/mine.py", _MODULE)
    write(tmp_path / "src/other.py", _MODULE)
    problem = _only(tmp_path, DEFINITION.replace("mine_loss:mine_loss", named))
    assert problem.suggestion == meant


def test_an_implementation_that_is_a_file_is_proposed_as_a_class_of_it(tmp_path: Path) -> None:
    """Where a class is named, it is a class of the file."""
    write(tmp_path / "losses/mine.py", _MODULE)
    write(tmp_path / "pyproject.toml", "")
    text = DEFINITION.replace("loss: mine_loss:mine_loss", "implementation: ./losses/mine.py")
    assert _only(tmp_path, text).suggestion == "losses.mine:Own"
