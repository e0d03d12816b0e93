"""Figures in a file of JSON lines."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.reports import Report
from arctic_training.document import shown_path
from arctic_training.errors import TrainingError
from arctic_training.fs.atomic_file import write_file
from arctic_training.tracker.outcome import Outcome
from arctic_training.tracker.run_record import RunRecord

__all__ = ["MetricsLog", "is_metrics_file"]

_BEGINNING: Final = '{"step": '
"""The first characters of every line; the first may be torn."""


class MetricsLog:
    """A file of JSON lines, one for each optimizer step, with the record of the run beside it.

    The first step that is written truncates the file, except for the lines of earlier steps: a
    resumed run replaces the lines of the steps that it repeats.
    """

    def __init__(self, path: Path, config: TrainerConfig, *, run_id: str) -> None:
        self._path = path
        self._record = RunRecord(path, config, run_id=run_id)
        self._is_begun = False

    def log(self, report: Report) -> None:
        """Add a step; the line is in the file when this returns.

        Raises:
            TrainingError: it cannot be written.

        """
        with self._named_errors():
            if not self._is_begun:
                self._begin(report)
            now = f'"timestamp": {time.time():.3f}'
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{report.as_json().removesuffix('}')}, {now}}}\n")

    def finish(self, outcome: Outcome) -> None:
        """Record how the run ended; every line is in the file already.

        Raises:
            TrainingError: the record cannot be written.

        """
        with self._named_errors():
            self._record.end(outcome)

    def _begin(self, report: Report) -> None:
        step = report.step
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists():
            kept = _lines_before(self._path, step) if step > 1 else []
            write_file(self._path, "".join(kept))
        self._record.begin(step, report.horizon)
        self._is_begun = True

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = f"the metrics cannot be written to `{shown_path(self._path)}`"
            raise TrainingError(f"{message}: {error.strerror or error}") from error


def is_metrics_file(path: Path) -> bool:
    """Return whether a file begins as those do that are written here."""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(len(_BEGINNING)) == _BEGINNING


def _lines_before(path: Path, step: int) -> list[str]:
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        try:
            earlier = line.endswith("\n") and json.loads(line)["step"] < step
        except (ValueError, KeyError, TypeError):
            break
        if earlier:
            kept.append(line)
    return kept
