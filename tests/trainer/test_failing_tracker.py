"""What becomes of a run whose metrics or log can no longer be written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typing_extensions import override

from arctic_training.config.logger import LoggerConfig
from arctic_training.core.mesh import Mesh
from arctic_training.core.reports import Report
from arctic_training.errors import TrainingError
from arctic_training.tracker.outcome import Outcome
from arctic_training.trainer.process_log import start_log
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged


def _trainer(folder: Path, **changes: object) -> HandTrainer:
    values: dict[str, object] = {
        "data": {"sources": jsonl(folder / "said.jsonl", ragged(5))},
        "train_iters": 3,
        "checkpoint": {"output_dir": str(folder / "saved"), "auto_resume": True},
        "train_log_metrics_path": str(folder / "log" / "metrics.jsonl"),
    }
    trainer = HandTrainer(hand_config(**(values | changes)))
    trainer.progress = Recorder()
    return trainer


@pytest.mark.parametrize("last", [2, 3])
def test_metrics_that_fail_stop_a_saved_run(last: int, tmp_path: Path) -> None:
    """The step is saved, then the run ends with the error; resumed, it writes all metrics."""
    trainer = _trainer(tmp_path, train_iters=last)
    metrics = tmp_path / "log" / "metrics.jsonl"

    def break_file(trainer: HandTrainer) -> None:
        if trainer.state.global_step == 1:
            metrics.rename(tmp_path / "kept.jsonl")
            metrics.mkdir()

    trainer.add_callback("pre-optimizer-step", break_file)
    with pytest.raises(TrainingError, match="metrics cannot be written"):
        trainer.train()
    assert [path.name for path in (tmp_path / "saved").glob("*/")] == ["epoch_0_global_step_2"]
    assert isinstance(trainer.progress, Recorder)
    assert f"stopped by an error after step 2 of {last}" in trainer.progress.notes
    metrics.rmdir()
    (tmp_path / "kept.jsonl").rename(metrics)
    resumed = _trainer(tmp_path)
    assert resumed.state.global_step == 2
    resumed.train()
    steps = [json.loads(line)["step"] for line in metrics.read_text().splitlines()]
    assert steps == [1, 3]  # what step 2 came to is lost, and nothing else


class _Unreachable:
    """A tracker whose service is gone."""

    def log(self, report: Report) -> None:
        raise ConnectionError(f"no route at step {report.step}")

    def finish(self, outcome: Outcome) -> None:
        raise TrainingError(f"nor at the end: {outcome.reason}")


class _Tracked(HandTrainer, abstract=True):
    @override
    def train(self) -> None:
        self._trackers.append(_Unreachable())
        super().train()


def test_any_tracker_that_fails_stops_a_saved_run(tmp_path: Path) -> None:
    """Whatever a tracker meets, the run is saved first, and what came first is told."""
    trainer = _Tracked(_trainer(tmp_path).config)
    trainer.progress = Recorder()
    with pytest.raises(TrainingError, match=r"^no route at step 1$"):
        trainer.train()
    assert [path.name for path in (tmp_path / "saved").glob("*/")] == ["epoch_0_global_step_1"]
    assert "warning: nor at the end: stopped by an error" in trainer.progress.notes


def test_a_log_that_fails_is_lost_with_one_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log is a display: what cannot be written to it does not reach the run."""
    config = LoggerConfig.model_validate({"output_dir": str(tmp_path / "logs")})
    folder = config.folder
    assert folder is not None
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file in place of the folder")
    write = start_log(config, Mesh())
    assert write is not None
    write("first")
    write("second")
    start_log(LoggerConfig(), Mesh())
    assert capsys.readouterr().err.count("cannot be written") == 1
