"""Another number of processes goes on with what some have saved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arctic_training.launcher.torchrun import launch
from tests.launcher.shares import SAVED, STEPS, losses, train
from tests.support import ROOT
from tests.tiny import jsonl, ragged

_NUM_SAMPLES = 11  # steps of 4, 4 and 3, which two processes cannot share evenly


@pytest.mark.parametrize(
    "cases",
    [
        pytest.param(["1-lora", "3-fp32"], id="sample"),
        pytest.param(
            [f"{stage}-{dtype}" for stage in range(4) for dtype in ("fp32", "bf16", "lora")],
            id="all",
            marks=pytest.mark.full,
        ),
    ],
)
def test_more_and_fewer_processes_go_on(
    cases: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes go on as one would, and one as two would: losses to 1e-6, in bf16 to 1e-3.

    With an adapter as well, in fp32.
    """
    jsonl(tmp_path / "said.jsonl", ragged(_NUM_SAMPLES))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for stage, _, dtype in (case.partition("-") for case in cases):
        train(tmp_path, int(stage), dtype=dtype)
    command = ["-m", "tests.launcher.shares", str(tmp_path), *cases]
    assert launch(command, num_processes=2) == (0, "")
    for stage, _, dtype in (case.partition("-") for case in cases):
        expected = losses(train(tmp_path, int(stage), saved_by=1, dtype=dtype))
        assert len(expected) == STEPS - SAVED
        tolerance = 1e-3 if dtype == "bf16" else 1e-6
        in_two = json.loads((tmp_path / f"losses-{stage}-{dtype}").read_text())
        assert in_two == pytest.approx(expected, abs=tolerance), (stage, dtype)
        from_two = losses(train(tmp_path, int(stage), saved_by=2, dtype=dtype))
        assert from_two == pytest.approx(expected, abs=tolerance), (stage, dtype)
