"""Displays of a run: log lines, in several places, or none; and which of them a recipe wants."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.mesh import Mesh
from arctic_training.core.reports import StepReport
from arctic_training.terminal.activity import Background, Stage, can_move_cursor, log_stage
from arctic_training.trainer.best_effort_display import BestEffortDisplay
from arctic_training.trainer.live_progress import LiveProgress
from arctic_training.trainer.process_log import is_among, start_log
from arctic_training.trainer.step_figures import StepFigures, join_fitting

__all__ = [
    "NoProgress",
    "PlainProgress",
    "Progress",
    "SeveralProgress",
    "new_progress",
    "running",
]

_UNLIMITED: Final = sys.maxsize


class Progress(Protocol):
    """Shows a run to a person."""

    def note(self, text: str) -> None:
        """Show a line that stays."""

    def show(self, report: StepReport) -> None:
        """Show an optimizer step."""

    def begin(self, stage: Stage) -> None:
        """Show that something is being done, such as an evaluation, until it is finished."""

    def finish(self, stage: Stage) -> None:
        """Show a stage no more."""

    def end(self) -> None:
        """Show no more."""


@contextmanager
def running(progress: Progress, text: str, total: int = 0) -> Iterator[Stage]:
    """Show a stage for as long as it runs; ``total`` is how many batches it has, if known."""
    stage = Stage(text, total)
    progress.begin(stage)
    try:
        yield stage
    finally:
        progress.finish(stage)


def new_progress(config: TrainerConfig, mesh: Mesh) -> Progress:
    """Return the displays that the recipe wants: the output of this process, and its log file."""
    interval = config.train_log_iter_interval
    shown: list[Progress] = []
    if is_among(config.logger.print_output_ranks, mesh):
        shown.append(BestEffortDisplay(_display(interval, mesh)))
    if write := start_log(config.logger, mesh):
        shown.append(PlainProgress(interval, write))
    match shown:
        case []:
            return NoProgress()
        case [only]:
            return only
        case _:
            return SeveralProgress(shown)


def _display(interval: int, mesh: Mesh) -> Progress:
    """Return a bar for the first process on a terminal, log lines for any other output."""
    if not mesh.is_first:
        return PlainProgress(interval, lambda text: _print(f"[process {mesh.rank}] {text}"))
    is_able = sys.stdout.isatty() and can_move_cursor()
    return LiveProgress(interval) if is_able and interval else PlainProgress(interval)


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - this is the display


class NoProgress:
    """Shows nothing."""

    def note(self, text: str) -> None:
        """Show nothing."""

    def show(self, report: StepReport) -> None:
        """Show nothing."""

    def begin(self, stage: Stage) -> None:
        """Show nothing."""

    def finish(self, stage: Stage) -> None:
        """Show nothing."""

    def end(self) -> None:
        """End."""


class SeveralProgress:
    """Shows the same in several places."""

    def __init__(self, shown: Sequence[Progress]) -> None:
        self._shown = shown

    def note(self, text: str) -> None:
        """Show the line everywhere."""
        for progress in self._shown:
            progress.note(text)

    def show(self, report: StepReport) -> None:
        """Show the step everywhere."""
        for progress in self._shown:
            progress.show(report)

    def begin(self, stage: Stage) -> None:
        """Show the stage everywhere."""
        for progress in self._shown:
            progress.begin(stage)

    def finish(self, stage: Stage) -> None:
        """Show the stage no more."""
        for progress in self._shown:
            progress.finish(stage)

    def end(self) -> None:
        """End everywhere."""
        for progress in self._shown:
            progress.end()


class PlainProgress:
    """A line for every N-th optimizer step and for the last, none if N is 0; one a slow stage."""

    def __init__(self, interval: int = 1, write: Callable[[str], None] = _print) -> None:
        self._interval = interval
        self._write = write
        self._figures = StepFigures()
        self._running: dict[Stage, Background] = {}

    def note(self, text: str) -> None:
        """Write the line."""
        self._write(text)

    def show(self, report: StepReport) -> None:
        """Write a line if the step is a multiple of the interval, or the last."""
        figures = self._figures
        figures.add(report)
        interval = self._interval
        if not interval or (report.step % interval and report.step != report.horizon):
            return
        required = [f"step {figures.place}", figures.loss, *figures.terms]
        costs = [*figures.costs]
        self.note(join_fitting(required, costs, figures.left, width=_UNLIMITED))

    def begin(self, stage: Stage) -> None:
        """Write a line once the stage has taken a while, and again while it lasts."""
        self._running[stage] = log_stage(stage, self._write)
        self._running[stage].start()

    def finish(self, stage: Stage) -> None:
        """Write no more of the stage."""
        self._running.pop(stage).stop()

    def end(self) -> None:
        """End."""
