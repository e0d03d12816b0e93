"""What a tracker is, and which of them a recipe asks for."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Protocol

from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.reports import Report
from arctic_training.core.state import TrainingState
from arctic_training.errors import RecipeError
from arctic_training.fs.writable import why_not_overwritable, why_not_writable
from arctic_training.tracker.metrics_log import MetricsLog, is_metrics_file
from arctic_training.tracker.outcome import Outcome

__all__ = ["Tracker", "start_trackers", "tracker_problems"]


class Tracker(Protocol):
    """Takes down a run."""

    def log(self, report: Report) -> None:
        """Take down what is known after a step."""

    def finish(self, outcome: Outcome) -> None:
        """Write what is left, and how the run ended."""


_METRICS: Final = "a file of metrics"


def tracker_problems(config: TrainerConfig) -> Iterator[RecipeError]:
    """Iterate over what keeps the trackers that the recipe asks for from their work."""
    for pointer, package in _wanted(config):
        if find_spec(package) is None:
            yield RecipeError(
                pointer,
                f"the package `{package}` is not installed",
                code="not-installed",
                hint=f"pip install 'arctic-training-gen[{package}]'",
            )
    if (path := config.metrics_path) is not None and path.is_dir():
        message, hint = f"`{path}` is a folder", "name a file in it, such as `metrics.jsonl`"
        yield RecipeError(("train_log_metrics_path",), message, code="not-writable", hint=hint)
    elif path is not None and (reason := why_not_overwritable(path, is_metrics_file, _METRICS)):
        yield RecipeError(("train_log_metrics_path",), reason, code="not-writable")
    for pointer, folder in _folders(config):
        if reason := why_not_writable(folder):
            yield RecipeError(pointer, reason, code="not-writable")


def start_trackers(config: TrainerConfig, state: TrainingState) -> list[Tracker]:
    """Start the trackers that the recipe asks for.

    They keep the recipe. A resumed run, by its ``state``, keeps its name, and what it reports after
    its next optimizer step replaces what is there.

    Raises:
        RecipeError: a tracker cannot be reached.

    """
    trackers: list[Tracker] = []
    if (path := config.metrics_path) is not None:
        trackers.append(MetricsLog(path, config, run_id=state.run_id))
    if (folder := config.train_log_tensorboard_dir) is not None:
        from arctic_training.tracker.tensorboard import TensorBoard

        trackers.append(TensorBoard(folder, first_step=state.global_step + 1))
    if config.wandb.enable:
        from arctic_training.tracker.wandb import WandB

        trackers.append(WandB(config, run_id=state.run_id))
    if config.mlflow.enable:
        from arctic_training.tracker.mlflow import MLflow

        trackers.append(MLflow(config, run_id=state.run_id))
    return trackers


def _wanted(config: TrainerConfig) -> Iterator[tuple[tuple[str, ...], str]]:
    if config.train_log_tensorboard_dir is not None:
        yield ("train_log_tensorboard_dir",), "tensorboard"
    if config.wandb.enable:
        yield ("wandb", "enable"), "wandb"
    if config.mlflow.enable:
        yield ("mlflow", "enable"), "mlflow"


def _folders(config: TrainerConfig) -> Iterator[tuple[tuple[str, ...], Path]]:
    if (path := config.train_log_metrics_path) is not None:
        yield ("train_log_metrics_path",), path.parent
    if (folder := config.train_log_tensorboard_dir) is not None:
        yield ("train_log_tensorboard_dir",), folder
    if config.logger.folder is not None:
        yield ("logger", "output_dir"), config.logger.folder
