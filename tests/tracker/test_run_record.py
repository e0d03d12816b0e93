"""The record of a run: its recipe, its environment, and how each session of it ended."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from arctic_training.errors import TrainingError
from arctic_training.tracker.metrics_log import MetricsLog
from arctic_training.tracker.outcome import Outcome
from tests.tiny import REPORT, sft_config


def _session(path: Path, steps: range, outcome: Outcome | None, run_id: str = "x") -> None:
    log = MetricsLog(path, sft_config(), run_id=run_id)
    for step in steps:
        log.log(replace(REPORT, step=step))
    if outcome:
        log.finish(outcome)


def test_each_session_has_a_start_and_an_end(tmp_path: Path) -> None:
    """A resumed run adds a session to its record; one that was killed has no end."""
    path = tmp_path / "metrics.jsonl"
    _session(path, range(1, 3), Outcome("stopped", "stopped by SIGTERM"))
    _session(path, range(3, 5), None)
    _session(path, range(4, 10), Outcome())
    record = json.loads((tmp_path / "metrics.run.json").read_text())
    first, second, third = record["sessions"]
    assert (first["status"], first["reason"]) == ("stopped", "stopped by SIGTERM")
    assert first["started"] <= first["ended"] <= second["started"]
    assert "ended" not in second
    assert third["status"] == "finished"
    assert [each["first_step"] for each in record["sessions"]] == [1, 3, 4]
    assert {each["horizon"] for each in record["sessions"]} == {9}
    assert record["given"]["model"]["hidden_size"] == 32
    assert "attn_implementation" not in record["given"]["model"]
    assert record["recipe"]["model"]["attn_implementation"]
    times = [json.loads(line)["timestamp"] for line in path.read_text().splitlines()]
    assert times == sorted(times)


@pytest.mark.parametrize("broken", ["", "[]", '{"run_id": "x", "sessions": 3}', "{"])
def test_another_record_is_replaced(broken: str, tmp_path: Path) -> None:
    """A record of another run, or one that cannot be read, gives no sessions to a new one."""
    path = tmp_path / "metrics.jsonl"
    _session(path, range(1, 3), Outcome(), run_id="other")
    _session(path, range(3, 4), Outcome())
    (tmp_path / "metrics.run.json").write_text(broken)
    _session(path, range(4, 5), Outcome())
    record = json.loads((tmp_path / "metrics.run.json").read_text())
    assert [each["first_step"] for each in record["sessions"]] == [4]


def test_a_record_that_cannot_be_written(tmp_path: Path) -> None:
    """An end that cannot be recorded is an error that names the file, and no traceback."""
    path = tmp_path / "metrics.jsonl"
    log = MetricsLog(path, sft_config(), run_id="x")
    log.log(REPORT)
    record = tmp_path / "metrics.run.json"
    record.unlink()
    record.mkdir()
    with pytest.raises(TrainingError, match="metrics cannot be written"):
        log.finish(Outcome())


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, Outcome("finished")),
        (KeyboardInterrupt(), Outcome("interrupted", "Ctrl-C")),
        (TrainingError("the loss is nan", hint="lower it"), Outcome("failed", "the loss is nan")),
        (ValueError("bad\nvery"), Outcome("failed", "ValueError: bad")),
    ],
)
def test_errors_are_outcomes(error: BaseException | None, outcome: Outcome) -> None:
    """What ended a run is recorded as its reason, in one line."""
    assert Outcome.of(error) == outcome
    assert outcome.is_failed is (error is not None)


def test_a_stopped_run_has_not_failed() -> None:
    """A run that was stopped and saved has a status of its own."""
    outcome = Outcome.of(None, "stopped by SIGTERM")
    assert outcome == Outcome("stopped", "stopped by SIGTERM")
    assert not outcome.is_failed
