"""Record of a run beside its metrics: recipe, environment, and how each session of it ended."""

from __future__ import annotations

import json
import platform
import socket
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import torch

from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.mesh import Mesh
from arctic_training.core.resolved_recipe import as_json
from arctic_training.fs.atomic_file import write_file
from arctic_training.tracker.outcome import Outcome

__all__ = ["RunRecord", "record_path"]

_PACKAGES: Final = ("arctic-training-gen", "torch", "deepspeed", "transformers", "datasets")


def record_path(metrics: Path) -> Path:
    """Return the path of the record of the run whose metrics are in ``metrics``."""
    return metrics.with_suffix(".run.json")


class RunRecord:
    """The record of a run, in a JSON file.

    A run that is resumed has one session for each process that trained it, in order. ``started``
    and ``ended`` are Unix times in seconds; a session without an end is running, or was killed.
    """

    def __init__(self, metrics: Path, config: TrainerConfig, *, run_id: str) -> None:
        self._path = record_path(metrics)
        self._config = config
        self._run_id = run_id
        self._started = time.time()
        self._values: dict[str, object] = {}
        self._sessions: list[dict[str, object]] = []

    def begin(self, first_step: int, horizon: int) -> None:
        """Write the record when the first step of this session is done.

        Args:
            first_step: that step, from 1.
            horizon: optimizer steps in the whole run.

        Raises:
            OSError: it cannot be written.

        """
        self._sessions = [*self._earlier_sessions(first_step)]
        self._sessions.append(
            {
                "started": round(self._started, 3),
                "first_step": first_step,
                "horizon": horizon,
                "processes": Mesh.of_environment().num_processes,
            }
        )
        self._values = {
            "run_id": self._run_id,
            "recipe": as_json(self._config),
            "given": json.loads(self._config.model_dump_json(exclude_unset=True)),
            "environment": _environment(),
        }
        self._write()

    def end(self, outcome: Outcome) -> None:
        """Write how the session ended; nothing if it did no step.

        Raises:
            OSError: it cannot be written.

        """
        if self._sessions:
            ended = {"ended": round(time.time(), 3), "status": outcome.status}
            self._sessions[-1] |= {**ended, "reason": outcome.reason}
            self._write()

    def _earlier_sessions(self, first_step: int) -> list[dict[str, object]]:
        """Return the sessions before this one, if the file is of the same run."""
        try:
            record = json.loads(self._path.read_text("utf-8"))
            is_same = first_step > 1 and record["run_id"] == self._run_id
            return [*record.get("sessions", ())] if is_same else []
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return []

    def _write(self) -> None:
        values = {**self._values, "sessions": self._sessions}
        write_file(self._path, json.dumps(values, indent=2) + "\n")


def _environment() -> dict[str, str]:
    device = torch.accelerator.current_accelerator(check_available=True)
    versions = {package: found for package in _PACKAGES if (found := _version(package))}
    return {
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "device": str(device or "cpu"),
        **versions,
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
