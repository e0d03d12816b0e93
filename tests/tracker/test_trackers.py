"""Trackers of experiments."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.loss_output import LossOutput
from arctic_training.core.reports import StepReport
from arctic_training.core.state import TrainingState
from arctic_training.data.batches import SFTBatch
from arctic_training.engines.deepspeed.backend import deepspeed
from arctic_training.errors import RecipeError, TrainingError
from arctic_training.tracker.outcome import Outcome
from arctic_training.tracker.tracker import start_trackers, tracker_problems
from tests.tiny import REPORT, HandTrainer, hand_config, jsonl, ragged, sft_config

if TYPE_CHECKING:
    from mlflow.entities import Metric
    from mlflow.entities import Run as MlflowRun


def _run(folder: Path, steps: range, loss: float) -> None:
    config = sft_config(train_log_tensorboard_dir=folder)
    (tracker,) = start_trackers(config, TrainingState(global_step=steps[0] - 1))
    for step in steps:
        tracker.log(replace(REPORT, step=step, loss=loss))
    tracker.finish(Outcome())


def test_tensorboard_shows_every_figure_of_every_step(tmp_path: Path) -> None:
    """Each figure is a curve; a resumed run takes back the steps that it does again."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    _run(tmp_path, range(1, 6), 1.0)
    _run(tmp_path, range(4, 8), 2.0)
    shown = EventAccumulator(str(tmp_path))
    shown.Reload()
    assert set(shown.Tags()["scalars"]) == {f"train/{name}" for name in REPORT.figures}
    losses = [(event.step, event.value) for event in shown.Scalars("train/loss")]
    assert losses == [(step, 1.0 + (step >= 4)) for step in range(1, 8)]
    assert {event.value for event in shown.Scalars("train/margin")} == {0.25}


def test_wandb_takes_down_the_recipe_and_every_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Offline, a run is a folder with the figures and the whole recipe, under the run's name."""
    import wandb

    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    config = sft_config(wandb={"enable": True, "mode": "offline", "project": "trials"})
    (tracker,) = start_trackers(config, TrainingState(run_id="abc123"))
    for step in (1, 2):
        tracker.log(replace(REPORT, step=step, loss=step + 0.125))
    tracker.finish(Outcome())
    wandb.teardown()  # the client writes from a process of its own
    (written,) = tmp_path.glob("wandb/offline-run-*-abc123/run-abc123.wandb")
    content = written.read_bytes()
    for text in ("trials", "train/loss", "1.125", "2.125", "train/margin", "num_hidden_layers"):
        assert text.encode() in content, text


_Settings = dict[str, object]


def _started(monkeypatch: pytest.MonkeyPatch, section: _Settings) -> _Settings:
    """Return what a run of Weights & Biases is begun with."""
    import wandb

    asked: _Settings = {}
    monkeypatch.setattr(wandb, "init", lambda **settings: asked.update(settings))
    start_trackers(sft_config(wandb={"enable": True} | section), TrainingState(run_id="abc123"))
    settings = asked.pop("settings")
    assert isinstance(settings, wandb.Settings)
    return asked | {"settings": (settings.silent, settings.console)}


def test_the_environment_says_what_the_recipe_leaves_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """`WANDB_...` variables hold where the recipe says nothing; what it says wins."""
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    bare = _started(monkeypatch, {})
    assert (bare["project"], bare["id"], bare["mode"]) == ("arctic-training", "abc123", None)
    assert bare["settings"] == (True, "off")
    said = {"MODE": "offline", "PROJECT": "p", "RUN_ID": "r", "SILENT": "false", "CONSOLE": "wrap"}
    for name, value in said.items():
        monkeypatch.setenv(f"WANDB_{name}", value)
    left = _started(monkeypatch, {})
    assert (left["project"], left["id"], left["mode"]) == ("p", "r", None)
    assert left["settings"] == (False, "wrap")
    stated = _started(monkeypatch, {"project": "mine", "mode": "online", "name": "n"})
    assert (stated["project"], stated["mode"], stated["name"]) == ("mine", "online", "n")


def test_wandb_mode_of_the_environment_needs_no_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`WANDB_MODE=offline` keeps a run in a folder, as `mode: offline` does; no key is needed.

    A mode that does not exist is an error of the recipe.
    """
    import wandb

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_MODE", "offline")
    (tracker,) = start_trackers(sft_config(wandb={"enable": True}), TrainingState(run_id="def456"))
    tracker.finish(Outcome())
    wandb.teardown()
    assert len([*tmp_path.glob("wandb/offline-run-*-def456")]) == 1
    monkeypatch.setenv("WANDB_MODE", "offlien")
    with pytest.raises(RecipeError, match="Weights & Biases cannot be used"):
        start_trackers(sft_config(wandb={"enable": True}), TrainingState())


def test_wandb_that_cannot_be_used_is_an_error_of_the_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a key for the service, the recipe is wrong, and not the program."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("WANDB_API_KEY", "WANDB_DIR", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(RecipeError, match="No API key configured") as caught:
        start_trackers(sft_config(wandb={"enable": True}), TrainingState())
    assert caught.value.pointer == ("wandb", "mode")


_MLFLOW = pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of a local file; MLflow takes seconds to begin one."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/runs.db"


def _tracked_by_mlflow(store: str, experiment: str, **changes: object) -> TrainerConfig:
    section = {"enable": True, "tracking_uri": store, "experiment": experiment, "name": "first"}
    return sft_config(mlflow=section, **changes)


def _of_mlflow(store: str, experiment: str) -> tuple[MlflowRun, list[tuple[int, float]]]:
    """Return the only run of an experiment, and its losses by step."""
    from mlflow import MlflowClient

    client = MlflowClient(store)
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    (run,) = client.search_runs([found.experiment_id])
    losses = client.get_metric_history(run.info.run_id, "train/loss")
    return run, [(loss.step, loss.value) for loss in losses]


@_MLFLOW
def test_mlflow_takes_down_the_recipe_and_every_step(store: str) -> None:
    """A run in a local file has all figures by step, and each value of the recipe."""
    (tracker,) = start_trackers(_tracked_by_mlflow(store, "whole"), TrainingState())
    for step in (1, 2):
        tracker.log(replace(REPORT, step=step, loss=step + 0.125))
    tracker.finish(Outcome())
    run, losses = _of_mlflow(store, "whole")
    assert (run.info.run_name, run.info.status) == ("first", "FINISHED")
    assert set(run.data.metrics) == {f"train/{name}" for name in REPORT.figures}
    assert losses == [(1, 1.125), (2, 2.125)]
    assert run.data.params["model.num_hidden_layers"] == "2"
    assert run.data.params["train_log_metrics_path"] == "null"


@_MLFLOW
def test_mlflow_goes_on_with_a_run_that_failed(store: str) -> None:
    """What failed is marked so; a resumed run goes on in it, even with another recipe."""
    config = _tracked_by_mlflow(store, "failed")
    (tracker,) = start_trackers(config, TrainingState(run_id="abc123"))
    tracker.log(REPORT)
    tracker.finish(Outcome("failed"))
    assert _of_mlflow(store, "failed")[0].info.status == "FAILED"
    changed = _tracked_by_mlflow(store, "failed", train_log_iter_interval=5)
    (tracker,) = start_trackers(changed, TrainingState(run_id="abc123", global_step=1))
    assert _of_mlflow(store, "failed")[0].info.status == "RUNNING"
    tracker.log(replace(REPORT, step=2))
    tracker.finish(Outcome())
    run, losses = _of_mlflow(store, "failed")
    assert (run.info.status, losses) == ("FINISHED", [(1, 2.5), (2, 2.5)])


@_MLFLOW
def test_figures_that_mlflow_does_not_take_end_the_run(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figures that do not arrive are told at the next step, or at the end."""
    from mlflow.exceptions import MlflowException
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    take: Callable[..., None] = SqlAlchemyStore.log_batch

    def refuse(own: SqlAlchemyStore, run_id: str, metrics: list[Metric], **others: object) -> None:
        if metrics:
            raise MlflowException("the server is gone")
        take(own, run_id, metrics, **others)

    monkeypatch.setattr(SqlAlchemyStore, "log_batch", refuse)
    config = _tracked_by_mlflow(f"{store}?timeout=9", "gone")  # a store of its own in the process
    (tracker,) = start_trackers(config, TrainingState())
    tracker.log(REPORT)
    with pytest.raises(TrainingError, match="the server is gone"):
        tracker.log(replace(REPORT, step=2))


def test_a_store_of_mlflow_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """The error stands at the address of the recipe."""
    config = _tracked_by_mlflow(str(tmp_path), "nowhere")
    with pytest.raises(RecipeError, match="MLflow cannot be used") as caught:
        start_trackers(config, TrainingState())
    assert caught.value.pointer == ("mlflow", "tracking_uri")


def test_deepspeed_starts_without_mlflow() -> None:
    """DeepSpeed, which would import MLflow wherever it is installed, takes it for missing."""
    assert not deepspeed.autotuning.autotuner.has_mlflow


def test_nothing_is_tracked_unless_it_is_asked_for() -> None:
    """A recipe that names no tracker gets none."""
    assert start_trackers(sft_config(), TrainingState()) == []


@pytest.mark.parametrize(
    ("changes", "pointer", "extra"),
    [
        ({"wandb": {"enable": True}}, ("wandb", "enable"), "wandb"),
        ({"mlflow": {"enable": True}}, ("mlflow", "enable"), "mlflow"),
        ({"train_log_tensorboard_dir": "."}, ("train_log_tensorboard_dir",), "tensorboard"),
    ],
)
def test_a_tracker_that_is_not_installed_is_found(
    changes: dict[str, object],
    pointer: tuple[str, ...],
    extra: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is not installed is a finding at the recipe's key, with the command that installs it."""
    config = sft_config(**changes)
    assert [*tracker_problems(config)] == []
    monkeypatch.setattr("arctic_training.tracker.tracker.find_spec", lambda _name: None)
    (problem,) = tracker_problems(config)
    assert (problem.pointer, problem.code) == (pointer, "not-installed")
    assert f"arctic-training-gen[{extra}]" in problem.hint


class _Watching:
    """Takes down what a trainer tells its trackers."""

    def __init__(self, run_id: str, first_step: int) -> None:
        self.run_id = run_id
        self.first_step = first_step
        self.steps: list[int] = []
        self.failed: bool | None = None

    def log(self, report: StepReport) -> None:
        self.steps.append(report.step)

    def finish(self, outcome: Outcome) -> None:
        self.failed = outcome.is_failed


class _Failing(HandTrainer, abstract=True):
    @override
    def loss(self, batch: SFTBatch) -> LossOutput:
        output = super().loss(batch)
        return LossOutput(output.sum, 0, output.terms)


def test_a_run_is_tracked_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trackers hear of every optimizer step and of the end; a resumed run keeps its name."""
    seen: list[_Watching] = []

    def watch(_config: TrainerConfig, state: TrainingState) -> list[_Watching]:
        seen.append(_Watching(state.run_id, state.global_step + 1))
        return seen[-1:]

    monkeypatch.setattr("arctic_training.trainer.trainer.start_trackers", watch)
    saving = {"type": "deepspeed", "output_dir": tmp_path, "save_end_of_training": True}
    data = {"sources": jsonl(tmp_path / "data.jsonl", ragged(6))}
    HandTrainer(hand_config(data=data, checkpoint=saving, exit_iteration=2)).train()
    saving["auto_resume"] = True
    failing = _Failing(hand_config(data=data, checkpoint=saving))
    with pytest.raises(TrainingError):
        failing.train()
    first, second = seen
    assert (first.first_step, first.steps, first.failed) == (1, [1, 2], False)
    assert (second.first_step, second.steps, second.failed) == (3, [], True)
    assert first.run_id == second.run_id


def test_metrics_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder in place of the file is refused before the run; what fails later says where."""
    config = sft_config(train_log_metrics_path=str(tmp_path))
    (problem,) = tracker_problems(config)
    assert (problem.pointer, problem.code) == (("train_log_metrics_path",), "not-writable")
    assert problem.message == f"`{tmp_path}` is a folder"
    (tracker,) = start_trackers(config, TrainingState())
    with pytest.raises(TrainingError, match=r"metrics cannot be written to .*: Is a directory"):
        tracker.log(REPORT)


@pytest.mark.parametrize("text", ['{"question": "Why?"}\n', "type: sft\n", "\0"])
def test_no_file_but_metrics_is_overwritten(text: str, tmp_path: Path) -> None:
    """A data set or a recipe that `train_log_metrics_path` names is refused before a run begins."""
    path = tmp_path / "rows.jsonl"
    path.write_text(text, encoding="utf-8")
    config = hand_config(train_log_metrics_path=path)
    (problem,) = tracker_problems(config)
    assert problem.pointer == ("train_log_metrics_path",)
    assert "is not a file of metrics and is not overwritten" in str(problem)
    path.write_text(REPORT.as_json() + "\n", encoding="utf-8")
    assert [*tracker_problems(config)] == []
