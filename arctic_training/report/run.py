"""A recorded run: its metrics by step, and its record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from arctic_training.report.record import Record

__all__ = ["Curves", "Run", "UnknownRunError"]

_PLACES: Final = {"step", "epoch", "evaluation"}
"""Keys of a line that are not figures."""

_Row: TypeAlias = dict[str, float | str | None]


class UnknownRunError(Exception):
    """There is no run at the given path."""


@dataclass(frozen=True, slots=True)
class Curves:
    """Figures by name, float64 of shape (points), at ``steps``, int64 of shape (points).

    NaN marks a figure that is undefined or absent. Steps rise.
    """

    steps: NDArray[np.int64]
    figures: dict[str, NDArray[np.float64]]

    @classmethod
    def of(cls, rows: Iterable[_Row]) -> Self:
        """Return the curves of some lines; of several lines of one step the last one counts."""
        by_step = {int(row["step"] or 0): row for row in rows}
        steps = sorted(by_step)
        ordered = [by_step[step] for step in steps]
        names = dict.fromkeys(name for row in ordered for name in row if name not in _PLACES)
        figures = {
            name: np.array([_number(row.get(name)) for row in ordered], np.float64)
            for name in names
        }
        return cls(np.array(steps, np.int64), figures)

    def get(self, name: str) -> NDArray[np.float64]:
        """Return a figure by its name; without one of that name, NaN everywhere."""
        absent = np.full(len(self.steps), np.nan)
        return self.figures.get(name, absent)


@dataclass(frozen=True, slots=True)
class Run:
    """A run: curves of training and of each evaluation set, by its name, and the record."""

    metrics: Path
    training: Curves
    evaluations: dict[str, Curves]
    record: Record

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a run from its metrics file, or from the folder with that file.

        Torn lines, as a machine that was lost leaves them, are left out.

        Raises:
            UnknownRunError: there is no such file, or no step in it.

        """
        metrics = _metrics_file(path)
        rows = list(_rows(metrics))
        names = dict.fromkeys(str(row["evaluation"]) for row in rows if "evaluation" in row)
        training = Curves.of(row for row in rows if "evaluation" not in row)
        if not len(training.steps):
            raise UnknownRunError(f"{metrics} has no optimizer step of a run")
        evaluations = {
            name: Curves.of(row for row in rows if row.get("evaluation") == name) for name in names
        }
        return cls(metrics, training, evaluations, Record.beside(metrics))

    @property
    def tokens(self) -> NDArray[np.float64]:
        """Tokens seen by the end of each training step, without padding."""
        return np.cumsum(np.nan_to_num(self.training.get("tokens")))

    @property
    def seconds(self) -> NDArray[np.float64]:
        """Seconds of training by the end of each step; pauses between sessions do not count.

        Runs that recorded no timestamps have the sum of their step times.
        """
        times = self.training.get("timestamp")
        before = np.concatenate([[np.nan], times[:-1]])
        for session in self.record.sessions:
            before[self.training.steps == session.first_step] = session.started
        passed = np.maximum(times - before, 0.0)
        measured = np.nan_to_num(self.training.get("step_time"))
        return np.cumsum(np.where(np.isnan(passed), measured, passed))


def _metrics_file(path: Path) -> Path:
    if not path.is_dir():
        if path.is_file():
            return path
        raise UnknownRunError(f"{path} does not exist")
    found = sorted(path.glob("*.jsonl"))
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(file.name for file in found)
        raise UnknownRunError(f"{path} has several metrics files, name one: {names}")
    raise UnknownRunError(
        f"{path} has no metrics file: `train_log_metrics_path` of a recipe says where it is"
    )


def _rows(metrics: Path) -> Iterator[_Row]:
    for line in metrics.read_text("utf-8", errors="replace").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("step"), int):
            yield row


def _number(value: float | str | None) -> float:
    return float(value) if isinstance(value, int | float) else np.nan
