"""Figures for MLflow."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.utils.async_logging.run_operations import RunOperations

from arctic_training.config.tracker import MLflowConfig
from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.reports import Report
from arctic_training.core.resolved_recipe import as_json
from arctic_training.errors import RecipeError, TrainingError
from arctic_training.tracker.outcome import Outcome

__all__ = ["MLflow"]

_RUN_ID: Final = "arctic-training.run_id"


class MLflow:
    """A run of MLflow, with each value of the recipe as a parameter.

    A thread sends the figures of a step while the next is computed. A resumed run is
    found by its tag: steps that it repeats are there twice, the last ones last.
    """

    def __init__(self, config: TrainerConfig, *, run_id: str) -> None:
        """Begin the run, or resume it.

        Raises:
            RecipeError: the store cannot be reached.

        """
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        try:
            self._client = MlflowClient(tracking_uri=config.mlflow.tracking_uri)
            self._run_id = _known(self._client, config.mlflow, run_id) or _new(
                self._client, config, run_id
            )
            self._client.update_run(self._run_id, status="RUNNING")
        except MlflowException as error:
            pointer = ("mlflow", "tracking_uri")
            raise RecipeError(pointer, f"MLflow cannot be used: {_reason(error)}") from error
        self._sent: RunOperations | None = None

    def log(self, report: Report) -> None:
        """Send the figures of a step, such as `train/loss`.

        Raises:
            TrainingError: those of the step before did not arrive.

        """
        now = time.time_ns() // 1_000_000
        figures = [
            Metric(f"{report.group}/{name}", value, now, report.step)
            for name, value in report.figures.items()
        ]
        with _told():
            self._wait()
            self._sent = self._client.log_batch(self._run_id, figures, synchronous=False)

    def finish(self, outcome: Outcome) -> None:
        """Send what is left, and mark the run as failed if it is.

        Raises:
            TrainingError: it did not arrive.

        """
        with _told():
            self._wait()
            status = "FAILED" if outcome.is_failed else "FINISHED"
            self._client.set_terminated(self._run_id, status=status)

    def _wait(self) -> None:
        if self._sent:
            self._sent.wait()


def _known(client: MlflowClient, section: MLflowConfig, run_id: str) -> str | None:
    """Return MLflow's name of a run that was begun before."""
    experiment = client.get_experiment_by_name(section.experiment)
    if experiment is None:
        return None
    found = client.search_runs([experiment.experiment_id], f"tags.`{_RUN_ID}` = '{run_id}'")
    return found[0].info.run_id if found else None


def _new(client: MlflowClient, config: TrainerConfig, run_id: str) -> str:
    section = config.mlflow
    experiment = client.get_experiment_by_name(section.experiment)
    place = experiment.experiment_id if experiment else client.create_experiment(section.experiment)
    run = client.create_run(place, run_name=section.name, tags={_RUN_ID: run_id})
    values = [Param(key, value) for key, value in _flat(as_json(config))]
    client.log_batch(run.info.run_id, params=values)
    new: str = run.info.run_id
    return new


def _flat(value: object, *path: str) -> Iterator[tuple[str, str]]:
    """Iterate over the values of a recipe, such as `checkpoint.0.output_dir`, as texts."""
    match value:
        case dict():
            for key, part in value.items():
                yield from _flat(part, *path, str(key))
        case list():
            for index, part in enumerate(value):
                yield from _flat(part, *path, str(index))
        case str():
            yield ".".join(path), value
        case _:
            yield ".".join(path), json.dumps(value)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except MlflowException as error:
        raise TrainingError(f"MLflow did not take the figures: {_reason(error)}") from error


def _reason(error: MlflowException) -> str:
    return str(error).strip().splitlines()[0]
