"""The file of metrics."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from arctic_training.errors import TrainingError
from arctic_training.tracker.metrics_log import MetricsLog
from tests.tiny import REPORT, sft_config


def _refused(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def _write(path: Path, steps: range, loss: float) -> None:
    log = MetricsLog(path, sft_config(), run_id="x")
    for step in steps:
        log.log(replace(REPORT, step=step, loss=loss))
        assert path.read_text().count("\n") == step  # in the file at once


def test_line_holds_everything() -> None:
    """A line is JSON with the counters, the loss, the pace and the terms, null where undefined."""
    report = replace(REPORT, terms={"margin": 0.25, "empty": math.nan})
    assert json.loads(report.as_json(), parse_constant=_refused) == {
        "step": 1,
        "epoch": 0,
        "loss": 2.5,
        "learning_rate": 1e-3,
        "gradient_norm": 0.75,
        "tokens": 90,
        "tokens_per_second": 180.0,
        "step_time": 0.5,
        "memory_gib": 1.5,
        "margin": 0.25,
        "empty": None,
    }


@pytest.mark.parametrize("torn", ["", '{"step": 6, "lo', '{"step": 6}', "[]\n", "7\n"])
@pytest.mark.parametrize("resumed_at", [1, 4, 6])
def test_resumed_run_takes_back_lines(resumed_at: int, torn: str, tmp_path: Path) -> None:
    """A run keeps the lines before its first step, writes the rest again, drops a torn line."""
    path = tmp_path / "logs" / "metrics.jsonl"
    _write(path, range(1, 6), 1.0)
    with path.open("a") as file:
        file.write(torn)
    _write(path, range(resumed_at, 8), 2.0)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["step"] for line in lines] == [*range(1, 8)]
    assert [line["loss"] for line in lines] == [1.0 + (step >= resumed_at) for step in range(1, 8)]


def test_a_log_that_cannot_be_begun_anew_is_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines that are kept are at no moment missing from the file, whatever goes wrong."""
    path = tmp_path / "metrics.jsonl"
    _write(path, range(1, 4), 1.0)
    before = path.read_text()

    def full(_handle: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(TrainingError, match="no space left"):
        _write(path, range(3, 4), 2.0)
    assert path.read_text() == before
