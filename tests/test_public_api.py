"""The public API: `from arctic_training import ...`."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

import arctic_training
from arctic_training.public_names import PUBLIC_NAMES
from tests.support import python


@pytest.mark.parametrize("name", PUBLIC_NAMES)
def test_a_public_name_is_what_its_home_defines(name: str) -> None:
    """Each public name is importable from the package and is the object of its home."""
    assert getattr(arctic_training, name) is getattr(import_module(PUBLIC_NAMES[name]), name)


def test_public_names_are_listed() -> None:
    """`__all__` and `dir` hold the same names as the table, and there are at most 40."""
    assert len(arctic_training.__all__) == len(PUBLIC_NAMES) <= 40
    assert {*arctic_training.__all__} == {*PUBLIC_NAMES} <= {*dir(arctic_training)}
    assert [*PUBLIC_NAMES] == sorted(PUBLIC_NAMES)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A name that is not public raises what Python raises for any module."""
    name = "LossOutputs"
    with pytest.raises(AttributeError, match="has no attribute"):
        getattr(arctic_training, name)


def test_importing_the_package_loads_nothing_heavy() -> None:
    """`import arctic_training` alone loads no library, and a section loads no torch."""
    code = """
import sys
import arctic_training
heavy = {"torch", "transformers", "deepspeed", "datasets", "yaml", "jsonschema_rs"}
print((heavy | {"pydantic"}) & set(sys.modules))
from arctic_training import ArcticTrainingError, ModelConfig
print((heavy - {"yaml"}) & set(sys.modules))
"""
    assert python("-c", code) == (0, "set()\nset()\n", "")


def test_mypy_sees_each_name_as_its_home_has_it() -> None:
    """Type checkers read an import of each name from the home that the table names.

    `tests/typing/misuse.txt` proves that mypy resolves them: its errors come through these names.
    """
    tree = ast.parse(Path(str(arctic_training.__file__)).read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    typed = {alias.name: node.module for node in imports for alias in node.names}
    shared = {"TYPE_CHECKING", "annotations", "import_module", "PUBLIC_NAMES"}
    assert {name: home for name, home in typed.items() if name not in shared} == PUBLIC_NAMES
