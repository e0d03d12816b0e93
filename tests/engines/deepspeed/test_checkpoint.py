"""A run that stops and goes on is the run that did not stop."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from arctic_training.core.loss_output import LossOutput
from arctic_training.core.mesh import Mesh
from arctic_training.core.reports import MEASURED, StepReport
from arctic_training.data.batches import SFTBatch
from arctic_training.errors import RecipeError, UnusableRecipeError
from arctic_training.fs import atomic_folder as folder_module
from tests.support import write
from tests.tiny import HandConfig, HandTrainer, Recorder, hand_config, jsonl, ragged

_WHEN = "when the run was saved, now it is"


def _trainer(folder: Path, **changes: object) -> HandTrainer:
    """Return a trainer with six steps in two epochs of 3 + 3 + 1 batches."""
    trainer = HandTrainer(_config(folder, **changes))
    trainer.progress = Recorder()
    return trainer


def _config(folder: Path, **changes: object) -> HandConfig:
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
    return hand_config(**(values | changes))


def _metrics(folder: Path) -> list[dict[str, float]]:
    """Return what was logged, but for times."""
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [{name: line[name] for name in line.keys() - MEASURED} for line in lines]


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


def _flip(checkpoint: Path) -> None:
    largest = max(checkpoint.iterdir(), key=lambda path: path.stat().st_size)
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.write_bytes(content)


def _unmark(checkpoint: Path) -> None:
    (checkpoint / "checkpoint.json").unlink()


def _unfinish(checkpoint: Path) -> None:
    checkpoint.rename(checkpoint.with_name(checkpoint.name + ".incomplete"))


@pytest.mark.parametrize(
    ("damage", "warned"),
    [(_delete, True), (_truncate, True), (_flip, True), (_unmark, True), (_unfinish, False)],
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


def test_a_run_of_damaged_checkpoints_does_not_begin_anew(
    three_steps: Path, tmp_path: Path
) -> None:
    """Where every checkpoint is damaged, to begin at the beginning is the user's to choose."""
    shutil.copytree(three_steps, tmp_path, dirs_exist_ok=True)
    for saved in (tmp_path / "saved").glob("*/"):
        _truncate(saved)
    with pytest.raises(RecipeError, match="every checkpoint in it is damaged, 3 in all") as caught:
        _trainer(tmp_path)
    assert caught.value.pointer == ("checkpoint", 0, "output_dir")
    assert "`overwrite_output_dir=true`" in caught.value.hint
    assert len([*(tmp_path / "saved").glob("*/")]) == 3


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
    ("changes", "refused"),
    [
        ({"deepspeed": {"zero_optimization": {"stage": 2}}}, ["deepspeed.zero_optimization.stage"]),
        ({"model": {"hidden_size": 64}}, ["model.hidden_size"]),
        ({"micro_batch_size": 4, "seed": 1}, ["micro_batch_size", "seed"]),
        ({"gradient_accumulation_steps": 1}, ["gradient_accumulation_steps"]),
        ({"optimizer": {"type": "sgd", "learning_rate": 1.0}}, ["optimizer.learning_rate"]),
        ({"scheduler": {"name": "constant"}}, ["scheduler.name"]),
        ({"tokenizer": {"vocab_size": 301}}, ["tokenizer.vocab_size"]),
    ],
)
def test_a_change_that_would_be_wrong_is_refused(
    changes: dict[str, object], refused: list[str], three_steps: Path, tmp_path: Path
) -> None:
    """A run does not go on by a recipe whose effect stands in the checkpoint: value by value."""
    shutil.copytree(three_steps, tmp_path, dirs_exist_ok=True)
    source = {"sources": jsonl(three_steps / "said.jsonl", ragged(13))}
    with pytest.raises(UnusableRecipeError) as caught:
        _trainer(tmp_path, data=source, **changes)
    found = [".".join(map(str, problem.pointer)) for problem in caught.value.problems]
    assert sorted(found) == refused
    assert all("when the run was saved" in problem.message for problem in caught.value.problems)
    assert all("`overwrite_output_dir=true`" in problem.hint for problem in caught.value.problems)


def test_a_harmless_change_is_told(
    three_steps: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A change that training can go on with is told, but for where things are saved."""
    shutil.copytree(three_steps, tmp_path, dirs_exist_ok=True)
    clipping = {"gradient_clipping": 0.5}
    resumed = _trainer(tmp_path, deepspeed=clipping, epochs=3, train_log_iter_interval=2)
    assert resumed.state.global_step == 3
    notes = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note: ")]
    old, new = (f"`{folder}/said.jsonl`" for folder in (three_steps, tmp_path))
    assert notes == [
        f"note: `data.sources.0.name_or_path` was {old} {_WHEN} {new}",
        f"note: `deepspeed.gradient_clipping` was `1.0` {_WHEN} `0.5`",
        f"note: `epochs` was `2` {_WHEN} `3`",
    ]


def test_a_longer_run_has_the_rates_of_its_own_schedule(tmp_path: Path) -> None:
    """A run that was at its end goes on with the rates that one run of its new length has."""
    long = {"epochs": 4, "checkpoint": []}
    _trainer(tmp_path / "whole", **long).train()
    expected = [line["learning_rate"] for line in _metrics(tmp_path / "whole")]
    _trainer(tmp_path / "parts").train()
    _trainer(tmp_path / "parts", epochs=4).train()
    rates = [line["learning_rate"] for line in _metrics(tmp_path / "parts")]
    assert rates[6:] == expected[6:]
    assert min(rates[6:]) > 0


def test_other_data_is_refused(three_steps: Path, tmp_path: Path) -> None:
    """A run in the middle of an epoch does not go on in an epoch of another length."""
    shutil.copytree(three_steps, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "saved" / "epoch_0_global_step_3")
    with pytest.raises(RecipeError, match="inside an epoch of 7 batches, this run has 4 per epoch"):
        _trainer(tmp_path, data={"sources": jsonl(tmp_path / "other.jsonl", ragged(7))})


def test_other_steps_of_another_number_of_processes_are_refused(
    three_steps: Path, tmp_path: Path
) -> None:
    """One process goes on with what two have saved if its steps have as many micro-batches."""
    shutil.copytree(three_steps, tmp_path, dirs_exist_ok=True)
    _saved_by_two(tmp_path / "saved")
    with pytest.raises(UnusableRecipeError) as caught:
        _trainer(tmp_path)
    (problem,) = caught.value.problems
    assert problem.pointer == ("gradient_accumulation_steps",)
    assert problem.message.startswith("2 processes of 3 micro-batches a step saved the run")
    assert problem.hint == "set it to 6"


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_states_that_another_number_of_processes_cannot_take(stage: int, tmp_path: Path) -> None:
    """An optimizer without the states of Adam is named, with what to do, before it is loaded."""
    zero = {"zero_optimization": {"stage": stage}}
    _trainer(tmp_path, deepspeed=zero, exit_iteration=1).train()
    _saved_by_two(tmp_path / "saved")
    with pytest.raises(
        UnusableRecipeError, match="the states of `sgd` cannot be resharded"
    ) as caught:
        _trainer(tmp_path, deepspeed=zero, gradient_accumulation_steps=6)
    (problem,) = caught.value.problems
    assert (problem.pointer, problem.code) == (("optimizer",), "not-supported")
    assert problem.hint.startswith("resume with 2 processes, as it was saved")


def _saved_by_two(folder: Path) -> None:
    """Let checkpoints say that two processes saved them."""
    for state in folder.glob("*/trainer_state.json"):
        state.write_text(state.read_text().replace('"num_processes": 1', '"num_processes": 2'))
        _unmark(state.parent)
        folder_module._mark(state.parent)


def test_saved_recipe_is_the_recipe(three_steps: Path) -> None:
    """The recipe in a checkpoint is complete, and reads back as the very same value."""
    text = (three_steps / "saved" / "epoch_0_global_step_3" / "recipe.json").read_text()
    assert HandConfig.model_validate_json(text) == _config(three_steps, exit_iteration=3)
    sections = json.loads(text)
    assert sections["optimizer"]["weight_decay"] == 0.1
    assert sections["data"]["sources"][0]["type"] == "huggingface_instruct"


@pytest.mark.parametrize(("keep", "left"), [(0, [1, 2, 3, 4, 5, 6]), (1, [6]), (2, [5, 6])])
def test_retention(keep: int, left: list[int], tmp_path: Path) -> None:
    """The newest `keep_last` checkpoints are kept, whatever else lies beside them."""
    output = tmp_path / "saved"
    write(output / "global_step_1" / "model", "of another engine")
    section = {"output_dir": str(output), "save_every_n_steps": 1, "keep_last": keep}
    _trainer(tmp_path, checkpoint=section).train()
    steps = [int(path.name.rpartition("_")[2]) for path in output.glob("epoch*")]
    assert sorted(steps) == left
    assert (output / "global_step_1" / "model").exists()
    assert [path.name for path in output.iterdir() if "incomplete" in path.name] == []


class _Terminated(HandTrainer, abstract=True):
    """Is sent SIGTERM in the middle of its fifth micro-batch, the second of its second step."""

    def loss(self, batch: SFTBatch) -> LossOutput:
        """Return the loss."""
        if self.state.train_batch_idx == 5 and not self.state.epoch_idx:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().loss(batch)


def test_sigterm_saves_and_ends(tmp_path: Path) -> None:
    """SIGTERM ends a run with 143 after the step it is in, saved; it goes on bit for bit."""
    _trainer(tmp_path / "whole", checkpoint=[]).train()
    output = {"output_dir": str(tmp_path / "parts" / "saved"), "auto_resume": True}
    stopped = _Terminated(_config(tmp_path / "parts", checkpoint=output))
    stopped.progress = recorder = Recorder()
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as caught:
        stopped.train()
    assert caught.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is before
    assert recorder.notes[-4:] == [
        "stopped by SIGTERM after step 2 of 6",
        f"checkpoint: {tmp_path}/parts/saved/epoch_0_global_step_2",
        f"metrics: {tmp_path}/parts/metrics.jsonl",
        "to resume: the same command",
    ]
    assert [path.name for path in (tmp_path / "parts" / "saved").glob("*/")] == [
        "epoch_0_global_step_2"
    ]
    _trainer(tmp_path / "parts", checkpoint=output).train()
    assert _metrics(tmp_path / "parts") == _metrics(tmp_path / "whole")


def test_sigterm_behind_the_last_step_costs_nothing(tmp_path: Path) -> None:
    """A run that SIGTERM meets when its last step is done is at its end, saved as such."""
    output = {"output_dir": str(tmp_path / "saved"), "save_end_of_training": True}
    trainer = _trainer(tmp_path, checkpoint=output, train_iters=1)
    show = trainer.progress.show

    def terminated(report: StepReport) -> None:
        show(report)
        os.kill(os.getpid(), signal.SIGTERM)

    trainer.progress.show = terminated  # type: ignore[method-assign]
    trainer.train()
    assert [path.name for path in (tmp_path / "saved").glob("*/")] == ["epoch_0_global_step_1"]


def test_two_places_to_go_on_from_are_refused(tmp_path: Path) -> None:
    """Of two sections that both resume, the second would undo what the first has restored."""
    sections = [{"output_dir": str(tmp_path / name), "auto_resume": True} for name in "ab"]
    with pytest.raises(UnusableRecipeError) as caught:
        _trainer(tmp_path, checkpoint=sections)
    (problem,) = caught.value.problems
    assert problem.pointer == ("checkpoint", 1, "auto_resume")
    sections[0]["enabled"] = False
    assert _trainer(tmp_path, checkpoint=sections).state.global_step == 0


def test_one_process_looks_for_what_to_go_on_from(three_steps: Path, tmp_path: Path) -> None:
    """The first reads all checkpoints, each byte of them; the others take what it has found."""
    trainer = _trainer(tmp_path, checkpoint={"output_dir": str(tmp_path / "saved")})
    shutil.copytree(three_steps, tmp_path, dirs_exist_ok=True)
    (engine,) = trainer.checkpoint_engines
    trainer.mesh = Mesh(1, 2)
    assert not engine.load()
    assert trainer.state.global_step == 0


def test_kill_switch_ends_a_run(tmp_path: Path) -> None:
    """A run ends after the step in which its kill switch appears, saved as at its end."""
    switch = tmp_path / "stop"
    output = {"output_dir": str(tmp_path / "saved"), "save_end_of_training": True}
    trainer = _trainer(tmp_path, checkpoint=output, kill_switch_path=str(switch))
    show = trainer.progress.show

    def appear(report: StepReport) -> None:
        show(report)
        if report.step == 2:
            switch.touch()

    trainer.progress.show = appear  # type: ignore[method-assign]
    trainer.train()
    assert trainer.state.global_step == 3
    assert [path.name for path in (tmp_path / "saved").glob("*/")] == ["epoch_0_global_step_3"]


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
