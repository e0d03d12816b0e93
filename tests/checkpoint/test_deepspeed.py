"""A run that stops and goes on is the run that did not stop."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from arctic_training.errors import RecipeError
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged


def _trainer(folder: Path, **changes: object) -> HandTrainer:
    """Return a trainer with six steps in two epochs of 3 + 3 + 1 batches."""
    source = jsonl(folder / "said.jsonl", ragged(13))
    output = {"output_dir": str(folder / "saved"), "auto_resume": True, "save_every_n_steps": 1}
    values: dict[str, object] = {
        "data": {"sources": source},
        "gradient_accumulation_steps": 3,
        "epochs": 2,
        "checkpoint": output,
        "noise": True,
        "optimizer": {"type": "sgd", "learning_rate": 0.1},
        "train_log_metrics_path": str(folder / "metrics.jsonl"),
    }
    trainer = HandTrainer(hand_config(**(values | changes)))
    trainer.progress = Recorder()
    return trainer


def _metrics(folder: Path) -> list[dict[str, float]]:
    """Return what was logged, but for times."""
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    timed = {"tokens_per_second", "step_time"}
    return [{name: line[name] for name in line.keys() - timed} for line in lines]


@pytest.mark.parametrize("stop", [1, 3, 5])  # within an epoch, between two, within the next
@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_resumed_run_is_bit_identical(stage: int, stop: int, tmp_path: Path) -> None:
    """Losses, learning rates, terms and weights are bit for bit those of one run.

    The loss draws from every generator of random numbers, so that those count as well.
    """
    zero = {"zero_optimization": {"stage": stage}}
    whole = _trainer(tmp_path / "whole", deepspeed=zero, checkpoint=[])
    whole.train()
    expected = _metrics(tmp_path / "whole")
    assert [line["step"] for line in expected] == [*range(1, 7)]

    _trainer(tmp_path / "parts", deepspeed=zero, exit_iteration=stop).train()
    assert _metrics(tmp_path / "parts") == expected[:stop]
    torch.manual_seed(99)
    resumed = _trainer(tmp_path / "parts", deepspeed=zero)
    assert resumed.state.global_step == stop
    resumed.train()
    assert _metrics(tmp_path / "parts") == expected
    weights = whole.engine.full_state_dict()
    for name, value in resumed.engine.full_state_dict().items():
        assert torch.equal(value, weights[name]), name


@pytest.fixture(scope="module")
def three_steps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that saved three checkpoints."""
    folder = tmp_path_factory.mktemp("run")
    _trainer(folder, exit_iteration=3).train()
    return folder


def _delete(checkpoint: Path) -> None:
    (checkpoint / "trainer_state.json").unlink()


def _truncate(checkpoint: Path) -> None:
    largest = max(checkpoint.iterdir(), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-1])


def _unmark(checkpoint: Path) -> None:
    (checkpoint / "checkpoint.json").unlink()


def _unfinish(checkpoint: Path) -> None:
    checkpoint.rename(checkpoint.with_name(checkpoint.name + ".incomplete"))


@pytest.mark.parametrize(
    ("damage", "warned"), [(_delete, True), (_truncate, True), (_unmark, True), (_unfinish, False)]
)
def test_damaged_checkpoint_is_passed(
    damage: Callable[[Path], None],
    warned: bool,  # noqa: FBT001 - a row of the table
    three_steps: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A checkpoint that is not whole is named and passed; an unfinished one is not looked at."""
    shutil.copytree(three_steps, tmp_path, dirs_exist_ok=True)
    newest = tmp_path / "saved" / "epoch_0_global_step_3"
    damage(newest)
    assert _trainer(tmp_path).state.global_step == 2
    out = capsys.readouterr().out
    assert f"resumed from {tmp_path}/saved/epoch_0_global_step_2" in out
    assert (f"warning: {newest} is damaged" in out) is warned


def test_nothing_to_resume_from(tmp_path: Path) -> None:
    """Without a checkpoint a run begins at the beginning; a finished one has nothing to do."""
    assert _trainer(tmp_path).state.global_step == 0
    _trainer(tmp_path, train_iters=1).train()
    done = _trainer(tmp_path, train_iters=1)
    before = [path.stat().st_mtime_ns for path in (tmp_path / "saved").rglob("*")]
    done.train()
    assert done.state.global_step == 1
    assert [path.stat().st_mtime_ns for path in (tmp_path / "saved").rglob("*")] == before
    assert [line["step"] for line in _metrics(tmp_path)] == [1]


@pytest.mark.parametrize(
    ("changes", "pointer", "message"),
    [
        ({"deepspeed": {"zero_optimization": {"stage": 2}}}, "checkpoint.0.output_dir", "not fit"),
        ({"deepspeed": {"zero_optimization": {"stage": 3}}}, "checkpoint.0.output_dir", "not fit"),
        ({"model": {"hidden_size": 64}}, "checkpoint.0.output_dir", "not fit"),
        ({"micro_batch_size": 4}, "data", "in an epoch of 7 batches, here an epoch has 4"),
    ],
)
def test_checkpoint_of_another_recipe(
    changes: dict[str, object], pointer: str, message: str, three_steps: Path, tmp_path: Path
) -> None:
    """A checkpoint that does not fit the recipe is refused at the value to change."""
    shutil.copytree(three_steps, tmp_path, dirs_exist_ok=True)
    with pytest.raises(RecipeError, match=message) as caught:
        _trainer(tmp_path, **changes)
    assert ".".join(map(str, caught.value.pointer)) == pointer


@pytest.mark.parametrize(
    ("section", "saved"),
    [
        ({"save_every_n_steps": 4}, ["epoch_1_global_step_4"]),
        ({"save_every_n_epochs": 1}, ["epoch_0_global_step_3", "epoch_1_global_step_6"]),
        ({"save_every_n_epochs": 2}, ["epoch_1_global_step_6"]),
        (
            {"save_every_n_steps": 3, "save_end_of_training": True},
            ["epoch_0_global_step_3", "epoch_1_global_step_6"],
        ),
        ({"save_end_of_training": True}, ["epoch_2_global_step_6"]),
        ({"save_every_n_steps": 1, "enabled": False}, []),
        ({}, []),
    ],
)
def test_when_it_saves(section: dict[str, object], saved: list[str], tmp_path: Path) -> None:
    """A checkpoint is made when the recipe says so, once a step, and its name tells which."""
    output = {"output_dir": str(tmp_path / "saved")}
    _trainer(tmp_path, checkpoint=output | section).train()
    folders = (tmp_path / "saved").glob("*/")
    assert sorted(folder.name for folder in folders) == saved
    if saved:
        assert (tmp_path / "saved" / "latest").read_text() == saved[-1]
