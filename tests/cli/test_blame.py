"""Whose code an exception comes from, and where that is said to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctic_training.cli.blame import of_users_code
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
