"""What a run says when it begins and when it ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from typing_extensions import override

from arctic_training.core.mesh import Mesh
from arctic_training.core.reports import Report
from arctic_training.data.batches import SFTBatch
from arctic_training.engines.deepspeed.checkpoint import DeepSpeedCheckpointEngine
from arctic_training.errors import TrainingError
from arctic_training.tracker.outcome import Outcome
from arctic_training.trainer.memory_profile import MemoryProfile
from arctic_training.trainer.teardown import run_teardown
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged

_SUMMARY = ("model: ", "devices: ", "batch: ", "steps: ")
"""How the lines begin that tests/trainer/test_summary.py is about."""


class _Interrupted(HandTrainer, abstract=True):
    """Ctrl-C comes in its third step."""

    @override
    def step(self, batch: SFTBatch) -> None:
        if self.state.global_step == 2:
            raise KeyboardInterrupt
        super().step(batch)


def _said(kind: type[HandTrainer], folder: Path, **changes: object) -> list[str]:
    """Train with four steps; return what is said of it."""
    values: dict[str, object] = {
        "data": {"sources": jsonl(folder / "said.jsonl", ragged(8))},
        "checkpoint": {"output_dir": str(folder / "saved"), "save_every_n_steps": 2},
        "train_log_metrics_path": str(folder / "metrics.jsonl"),
    }
    trainer = kind(hand_config(**(values | changes)))
    trainer.progress = recorder = Recorder()
    try:
        trainer.train()
    except KeyboardInterrupt:
        assert kind is _Interrupted
    return [note for note in recorder.notes if not note.startswith(_SUMMARY)]


def _resuming(folder: Path) -> dict[str, object]:
    return {"output_dir": str(folder / "saved"), "save_every_n_steps": 2, "auto_resume": True}


def test_a_run_says_what_it_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At its end a run says which steps it trained, and where everything is."""
    monkeypatch.chdir(tmp_path)
    section = {"output_dir": str(tmp_path / "saved"), "save_end_of_training": True}
    assert _said(HandTrainer, tmp_path, checkpoint=section) == [
        "training: 4 steps remaining (of 4)",
        "trained: steps 1 to 4 of 4",
        "checkpoint: saved/epoch_1_global_step_4",
        "metrics: metrics.jsonl",
    ]
    section["auto_resume"] = True
    assert _said(HandTrainer, tmp_path, checkpoint=section) == [
        "nothing to do: 4 steps of 4 are trained; a higher `epochs` trains on",
        "checkpoint: saved/epoch_1_global_step_4",
        "metrics: metrics.jsonl",
    ]


@pytest.mark.parametrize("key", ["train_iters", "exit_iteration"])
def test_nothing_to_do(key: str, tmp_path: Path) -> None:
    """A run that is done already says so, and by which key it trains on."""
    section = _resuming(tmp_path)
    _said(HandTrainer, tmp_path, checkpoint=section, **{key: 2})
    horizon = 2 if key == "train_iters" else 4
    first, *_ = _said(HandTrainer, tmp_path, checkpoint=section, **{key: 2})
    assert first == (f"nothing to do: 2 steps of {horizon} are trained; a higher `{key}` trains on")


def test_one_step_is_one_step(tmp_path: Path) -> None:
    """What there is one of is named in the singular."""
    section = _resuming(tmp_path) | {"save_every_n_steps": 1}
    first, *_ = _said(HandTrainer, tmp_path, checkpoint=section, train_iters=1)
    assert first == "training: 1 step remaining (of 1)"
    first, *_ = _said(HandTrainer, tmp_path, checkpoint=section, train_iters=1)
    assert first == "nothing to do: 1 step of 1 is trained; a higher `train_iters` trains on"


def test_an_engine_of_ones_own_names_its_checkpoints(tmp_path: Path) -> None:
    """What an engine saved is told, however it calls its files: by its folder at least."""

    class Notebook(DeepSpeedCheckpointEngine):
        name = "notebook"

        def save(self) -> None:
            folder = self.config.output_dir
            folder.mkdir(exist_ok=True)
            (folder / f"note-{self.trainer.state.global_step}.txt").write_text("saved")

    class Keeper(HandTrainer):
        name = "keeper"
        checkpoint_engine_type = Notebook

    section = {"output_dir": str(tmp_path / "notes"), "save_every_n_steps": 2}
    notes = _said(Keeper, tmp_path, checkpoint=section)
    assert len([*(tmp_path / "notes").iterdir()]) == 2
    assert f"checkpoint: {tmp_path}/notes" in notes
    assert not any(note.startswith("no checkpoint was written") for note in notes)


def test_nothing_is_saved(tmp_path: Path) -> None:
    """A run that saves nothing says so, before it trains and when it has."""
    notes = _said(HandTrainer, tmp_path, checkpoint=[])
    assert notes[0].splitlines()[1] == (
        "warning: nothing will be saved; `checkpoint: {type: huggingface, "
        "output_dir: ./runs/first, save_end_of_training: true}` keeps the model"
    )
    assert notes[2] == "no checkpoint was written: none was due"


@pytest.mark.parametrize("section", [{}, {"save_every_n_steps": 5}])
def test_a_section_that_saves_nothing_is_told_before_training(
    section: dict[str, object], tmp_path: Path
) -> None:
    """Where a section is there and never due, the warning names the key that makes it so."""
    never = {"output_dir": str(tmp_path / "saved")} | section
    due = never | {"save_end_of_training": True}
    remedy = "`checkpoint.1.save_end_of_training=true` keeps how it ends"
    notes = _said(HandTrainer, tmp_path, checkpoint=[due | {"enabled": False}, never])
    assert notes[0].splitlines()[1:] == [f"warning: nothing will be saved; {remedy}"]


@pytest.mark.parametrize(
    ("is_resuming", "interval", "how"),
    [
        (False, 2, "to resume: the same command with `checkpoint.0.auto_resume=true`"),
        (True, 2, "to resume: the same command"),
        (True, 3, "to start over: the same command"),
    ],
)
def test_ctrl_c_says_how_to_go_on(
    is_resuming: bool,  # noqa: FBT001 - a row of the table
    interval: int,
    how: str,
    tmp_path: Path,
) -> None:
    """An interrupted run names its newest checkpoint, and the command that goes on; it does."""
    section = _resuming(tmp_path) | {"auto_resume": is_resuming, "save_every_n_steps": interval}
    notes = _said(_Interrupted, tmp_path, checkpoint=section)
    assert "interrupted after step 2 of 4" in notes
    assert notes[-1] == how
    saved = f"checkpoint: {tmp_path}/saved/epoch_0_global_step_2"
    assert (saved in notes) is (interval == 2)
    again = _said(HandTrainer, tmp_path, checkpoint=section | {"auto_resume": True})
    assert f"training: {2 if interval == 2 else 4} steps remaining (of 4)" in again


class _Tracker:
    """Keeps how its run ended, or cannot."""

    def __init__(self, *, is_reached: bool) -> None:
        self.is_reached = is_reached
        self.failed: bool | None = None

    def log(self, report: Report) -> None:
        """Take nothing down."""

    def finish(self, outcome: Outcome) -> None:
        """Keep how the run ended."""
        if not self.is_reached:
            raise TrainingError("it did not arrive")
        self.failed = outcome.is_failed


@pytest.mark.parametrize("reason", ["the loss is nan", ""])
def test_every_tracker_is_finished_and_the_reason_stays(reason: str) -> None:
    """A tracker that cannot be reached hides no other's end, nor why the run has failed."""
    trackers = [_Tracker(is_reached=True), _Tracker(is_reached=False), _Tracker(is_reached=True)]
    progress = Recorder()
    profile = MemoryProfile(hand_config(), Mesh())

    def run() -> None:
        with run_teardown(profile, progress, trackers):
            if reason:
                raise TrainingError(reason)

    with pytest.raises(TrainingError, match=reason or "it did not arrive"):
        run()
    assert None not in {trackers[0].failed, trackers[2].failed}
    assert progress.notes == (["warning: it did not arrive"] if reason else [])
