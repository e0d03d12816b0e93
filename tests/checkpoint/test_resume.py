"""A run meets another one in its folders: it goes on with it, deletes it, or leaves it alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arctic_training.core.resolved_recipe import read_recipe
from arctic_training.errors import RecipeError, UnusableRecipeError
from tests.support import write
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged

_REMEDY = "or delete what is there with `overwrite_output_dir=true`"


def _trained(folder: Path, **changes: object) -> HandTrainer:
    """Train with two steps in a folder; save after each."""
    values: dict[str, object] = {
        "data": {"sources": jsonl(folder / "said.jsonl", ragged(5))},
        "train_iters": 2,
        "checkpoint": _section(folder),
        "train_log_metrics_path": str(folder / "metrics.jsonl"),
    }
    trainer = HandTrainer(hand_config(**(values | changes)))
    trainer.progress = Recorder()
    trainer.train()
    return trainer


def _section(folder: Path, **changes: object) -> dict[str, object]:
    return {"output_dir": str(folder / "saved"), "save_every_n_steps": 1} | changes


def _problems(folder: Path, **changes: object) -> list[RecipeError]:
    with pytest.raises(UnusableRecipeError) as caught:
        _trained(folder, **changes)
    return caught.value.problems


def _steps(folder: Path) -> list[int]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["step"] for line in lines]


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that saved two checkpoints; no test here changes it."""
    folder = tmp_path_factory.mktemp("used")
    _trained(folder)
    return folder


def test_a_fresh_run_in_a_used_folder_is_refused(used: Path) -> None:
    """One error, at `output_dir`, names what is there and each way on; nothing is touched."""
    before = sorted(path.stat().st_mtime_ns for path in used.rglob("*"))
    (problem,) = _problems(used)
    assert (problem.pointer, problem.code) == (("checkpoint", 0, "output_dir"), "earlier-run")
    newest = "`epoch_0_global_step_2` and 1 more"
    assert problem.message == f"`{used}/saved` holds checkpoints of an earlier run: {newest}"
    go_on = "resume it with `checkpoint.0.auto_resume=true`"
    assert problem.hint == f"{go_on}, choose another `output_dir`, {_REMEDY}"
    after = sorted(path.stat().st_mtime_ns for path in used.rglob("*"))
    assert len(before) == len(after)


def test_a_folder_is_told_once(used: Path) -> None:
    """Sections that share a folder make one error; one that is not enabled makes none."""
    again = [_section(used), _section(used, save_every_n_steps=2)]
    assert [problem.pointer for problem in _problems(used, checkpoint=again)] == [
        ("checkpoint", 0, "output_dir")
    ]
    again[0]["enabled"] = False
    assert [problem.pointer for problem in _problems(used, checkpoint=again)] == [
        ("checkpoint", 1, "output_dir")
    ]


def test_metrics_alone_are_not_overwritten(used: Path) -> None:
    """A fresh run with a folder of its own does not overwrite the metrics of another run."""
    (problem,) = _problems(used, checkpoint=[])
    assert problem.pointer == ("train_log_metrics_path",)
    assert problem.message == f"`{used}/metrics.jsonl` holds the metrics of an earlier run"
    assert problem.hint == f"take another file, {_REMEDY}"


def test_metrics_beside_the_checkpoints(tmp_path: Path) -> None:
    """Where no key names them, metrics stand in the `output_dir`; a fresh run is refused there.

    The recipe in a checkpoint has them at the same place.
    """
    section = _section(tmp_path, save_every_n_steps=2)
    metrics = tmp_path / "saved" / "metrics.jsonl"

    def run(**changes: object) -> Recorder:
        data = {"sources": jsonl(tmp_path / "said.jsonl", ragged(5))}
        trainer = HandTrainer(hand_config(**{"data": data, "checkpoint": section} | changes))
        trainer.progress = recorder = Recorder()
        trainer.train()
        return recorder

    assert f"metrics: {metrics}" in run(train_iters=1).notes
    with pytest.raises(UnusableRecipeError) as caught:
        run(train_iters=2)
    (problem,) = caught.value.problems
    assert problem.pointer == ("checkpoint", 0, "output_dir")
    assert problem.message == f"`{metrics}` holds the metrics of an earlier run"
    assert problem.hint == f"choose another `output_dir`, {_REMEDY}"
    run(train_iters=2, overwrite_output_dir=True)
    assert [json.loads(line)["step"] for line in metrics.read_text().splitlines()] == [1, 2]
    saved = read_recipe(tmp_path / "saved" / "epoch_0_global_step_2")
    assert hand_config(**saved).metrics_path == metrics


def test_an_earlier_run_is_deleted_when_asked_for(tmp_path: Path) -> None:
    """`overwrite_output_dir` deletes checkpoints and metrics, and nothing else that lies there.

    The recipe in a checkpoint does not ask for it: to train by it deletes no checkpoint.
    """
    _trained(tmp_path)
    other = write(tmp_path / "saved" / "notes.txt", "mine")
    trainer = _trained(tmp_path, train_iters=1, overwrite_output_dir=True)
    assert trainer.state.global_step == 1
    saved = tmp_path / "saved" / "epoch_0_global_step_1"
    assert {*(tmp_path / "saved").iterdir()} == {saved, other, tmp_path / "saved" / "latest"}
    assert _steps(tmp_path) == [1]
    assert read_recipe(saved)["overwrite_output_dir"] is False


def test_what_a_killed_run_left_unfinished_is_deleted(tmp_path: Path) -> None:
    """Half a checkpoint of any step goes when a run begins in its folder, and nothing else does."""
    step = tmp_path / "saved" / "epoch_0_global_step_9"
    for left in (".incomplete", ".replaced.incomplete"):
        write(step.with_name(step.name + left) / "weights.pt", "half")
    other = write(tmp_path / "saved" / "mine.incomplete" / "notes.txt", "mine")
    _trained(tmp_path, train_iters=1)
    assert {path.name for path in (tmp_path / "saved").iterdir()} == {
        "epoch_0_global_step_1", "latest", "mine.incomplete",
    }  # fmt: skip
    assert other.read_text() == "mine"


def test_a_run_does_not_delete_what_it_goes_on_from(used: Path) -> None:
    """`overwrite_output_dir` beside `auto_resume` is a contradiction."""
    section = _section(used, auto_resume=True)
    (problem,) = _problems(used, checkpoint=section, overwrite_output_dir=True)
    assert (problem.pointer, problem.code) == (("checkpoint", 0, "auto_resume"), "conflict")


def test_a_run_does_not_delete_what_it_reads(used: Path) -> None:
    """`overwrite_output_dir` deletes no model and no data of the recipe; each is named."""
    data = used / "saved" / "epoch_0_global_step_2" / "said.jsonl"
    source = jsonl(data, ragged(5))
    (problem,) = _problems(used, overwrite_output_dir=True, data={"sources": [source]})
    assert problem.pointer == ("data", "sources", 0, "name_or_path")
    assert problem.message == f"`overwrite_output_dir` deletes `{data}`, which this run reads"
    assert data.exists()
    data.unlink()


def test_the_same_command_goes_on(tmp_path: Path) -> None:
    """With `auto_resume`, what was cut goes on with all its metrics, from wherever it was cut.

    Steps that were taken and not saved are taken again, and stand there once.
    """
    section = _section(tmp_path, auto_resume=True, save_every_n_steps=2)
    _trained(tmp_path, checkpoint=section, exit_iteration=1, train_iters=4)
    assert _steps(tmp_path) == [1]
    _trained(tmp_path, checkpoint=section, exit_iteration=3, train_iters=4)
    assert _steps(tmp_path) == [1, 2, 3]
    resumed = _trained(tmp_path, checkpoint=section, train_iters=4)
    assert _steps(tmp_path) == [1, 2, 3, 4]
    assert isinstance(resumed.progress, Recorder)
    assert [report.step for report in resumed.progress.reports] == [3, 4]
