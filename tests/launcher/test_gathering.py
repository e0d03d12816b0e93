"""Losses that gather across processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arctic_training.core.mesh import Mesh
from arctic_training.launcher.torchrun import launch
from tests.launcher.gathering import CASES, losses, train
from tests.support import ROOT
from tests.tiny import jsonl, ragged


def test_padding_is_not_gathered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loss over the samples of all processes is that of one process, in steps and evaluation.

    Too few samples for a batch each are split evenly; a process without any has a padding batch,
    which the loss can tell.
    """
    for number in (5, 8, 9, 11):
        jsonl(tmp_path / f"{number}.jsonl", ragged(number))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    command = ["-m", "tests.launcher.gathering", str(tmp_path), *CASES]
    assert launch(command, num_processes=2) == (0, "")
    for case in CASES:
        in_two = json.loads((tmp_path / f"{case}.json").read_text())
        assert in_two == pytest.approx(losses(train(case, tmp_path, Mesh())), abs=1e-6), case
