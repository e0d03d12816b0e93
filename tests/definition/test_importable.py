"""Names of the user's functions that lead to no module."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import DEFINITION, RECIPE, arctic_gen, write

_CALLBACKS = "callbacks: {post-step: mine_loss.py:saved}\n"


@pytest.mark.parametrize(
    "definition",
    [
        DEFINITION.replace("mine_loss:mine_loss", "mine_loss.py:mine_loss"),
        DEFINITION.replace("loss: mine_loss:mine_loss", "implementation: mine_loss.py:Mine"),
        DEFINITION.replace("mine_loss:mine_loss", "ours.losses.py:mine_loss"),
        DEFINITION + _CALLBACKS,
        DEFINITION.replace(
            "data_factory_type: sft",
            "data_factory_type: {name: own, extends: sft, class: mine_loss.py:Own}",
        ),
    ],
    ids=["loss", "implementation", "in a package", "callback", "factory"],
)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_file_is_no_module(definition: str, tmp_path: Path, *, is_there: bool) -> None:
    """`mine.py:loss` is refused with what was meant, and begins no `mine/py.py`."""
    write(tmp_path / "pyproject.toml", "")
    write(tmp_path / "mine.yaml", definition)
    if is_there:
        write(tmp_path / "mine_loss.py", "def mine_loss(trainer, batch): ...\n")
    for command in ("validate", "lint", "new-trainer --no-verify"):
        done = arctic_gen(*command.split(), "mine.yaml", folder=tmp_path)
        assert done.code == 1, command
        assert "is a file: write the module without `.py`; did you mean `" in done.out
    assert not [*tmp_path.glob("**/py.py")]


def test_a_module_is_no_package(tmp_path: Path) -> None:
    """Below a module, Python finds none, with a folder of its name beside it as well."""
    write(tmp_path / "pyproject.toml", "")
    write(tmp_path / "ours.py", "")
    write(tmp_path / "mine.yaml", DEFINITION.replace("mine_loss:mine_loss", "ours.deep:mine_loss"))
    said = "`ours` is a module and not a package: it has no `ours.deep`"
    assert said in arctic_gen("validate", "mine.yaml", folder=tmp_path).out
    write(tmp_path / "ours/deep.py", "def mine_loss(trainer, batch): ...\n")
    assert said in arctic_gen("validate", "mine.yaml", folder=tmp_path).out
    write(tmp_path / "ours/__init__.py", "")
    assert arctic_gen("validate", "mine.yaml", folder=tmp_path).code == 0


def test_a_package_may_have_a_module_of_that_name(tmp_path: Path) -> None:
    """`mine.py` is a name of Python as well: that of the module `py` in the package `mine`."""
    write(tmp_path / "pyproject.toml", "")
    write(tmp_path / "ours/py.py", "def mine_loss(trainer, batch): ...\n")
    write(tmp_path / "mine.yaml", DEFINITION.replace("mine_loss:mine_loss", "ours.py:mine_loss"))
    assert arctic_gen("validate", "mine.yaml", folder=tmp_path).code == 0


def test_a_source_names_no_file(tmp_path: Path) -> None:
    """The same holds for a function that a recipe names as a source."""
    source = "    type: function\n    function: rows.py:rows\n"
    assert "    type: python_docs\n    sample_count: 60\n" in RECIPE
    recipe = RECIPE.replace("    type: python_docs\n    sample_count: 60\n", source)
    write(tmp_path / "recipe.yaml", recipe)
    done = arctic_gen("validate", "recipe.yaml", folder=tmp_path)
    assert (done.code, "did you mean `rows:rows`?" in done.out) == (1, True)
