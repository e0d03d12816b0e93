"""Whose code an exception comes from, and where that is said to be."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest
import yaml

from arctic_training.cli.error_origin import of_users_code
from tests.support import write


def test_a_text_that_does_not_parse_is_placed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of syntax in a module of the user's is told with its line, and that one time."""
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "mine_loss.py", "HERE = 1\ndef loss(:\n")
    with pytest.raises(SyntaxError) as raised:
        compile(path.read_text("utf-8"), str(path), "exec")
    assert of_users_code(raised.value) == f"mine_loss.py:2: SyntaxError: {raised.value.msg}"


def test_a_project_below_the_interpreters_prefix_is_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system's Python is used, `/usr/src/mine_loss.py` is no library's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    path = write(tmp_path / "src/mine_loss.py", "def loss():\n    1 / 0\n\nloss()\n")
    with pytest.raises(ZeroDivisionError) as raised:
        runpy.run_path(str(path))
    said = "ZeroDivisionError: division by zero (in `loss`)"
    assert of_users_code(raised.value) == f"src/mine_loss.py:2: {said}"


def test_an_error_in_a_library_is_told_at_the_users_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames of the standard library and of installed packages are passed over."""
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "mine.py", "import yaml\n\nyaml.safe_load('a: [')\n")
    with pytest.raises(yaml.YAMLError) as raised:
        runpy.run_path(str(path))
    told = of_users_code(raised.value)
    assert told is not None
    assert told.startswith("mine.py:3: ParserError: ")
