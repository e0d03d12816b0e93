"""What a person sees of a run: a live line on a terminal, plain lines elsewhere and in files."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from arctic_training.config.trainer import TrainerConfig
from arctic_training.launcher.world import World
from arctic_training.trainer.log import is_among, start_log
from arctic_training.trainer.meter import Measures
from arctic_training.trainer.report import StepReport
from arctic_training.trainer.until_gone import UntilGone

if TYPE_CHECKING:
    from rich.progress import TaskID

__all__ = [
    "LiveProgress",
    "NoProgress",
    "PlainProgress",
    "Progress",
    "SeveralProgress",
    "new_progress",
]

_RECENT: Final = 20
_BAR: Final = 8
"""Columns that the bar has at least."""

_UNABLE: Final = {"dumb", "unknown"}


class Progress(Protocol):
    """Shows a run to a person."""

    def note(self, text: str) -> None:
        """Show a line that stays."""

    def show(self, report: StepReport) -> None:
        """Show an optimizer step."""

    def end(self) -> None:
        """Show no more."""


def new_progress(config: TrainerConfig, world: World) -> Progress:
    """Return what shows a run where the recipe says: by this process, and in its file."""
    interval = config.train_log_iter_interval
    shown: list[Progress] = []
    if is_among(config.logger.print_output_ranks, world):
        shown.append(UntilGone(_display(interval, world)))
    if write := start_log(config.logger, world):
        shown.append(PlainProgress(interval, write))
    match shown:
        case []:
            return NoProgress()
        case [only]:
            return only
        case _:
            return SeveralProgress(shown)


def _display(interval: int, world: World) -> Progress:
    """Return the display that fits where the output goes; beside it others print plain lines."""
    if not world.is_first:
        return PlainProgress(interval, lambda text: _print(f"[process {world.rank}] {text}"))
    is_able = sys.stdout.isatty() and os.environ.get("TERM", "") not in _UNABLE
    return LiveProgress() if is_able and interval else PlainProgress(interval)


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - this is the display


class _Pace:
    """How fast the last few steps were."""

    def __init__(self) -> None:
        self._recent: deque[StepReport] = deque(maxlen=_RECENT)

    def add(self, report: StepReport) -> None:
        self._recent.append(report)

    @property
    def tokens_per_second(self) -> float:
        seconds = sum(report.measures.seconds for report in self._recent)
        return sum(report.tokens for report in self._recent) / seconds if seconds else 0.0

    def seconds_for(self, steps: int) -> float:
        seconds = sum(report.measures.seconds for report in self._recent)
        return steps * seconds / len(self._recent) if self._recent else 0.0


class NoProgress:
    """Shows nothing."""

    def note(self, text: str) -> None:
        """Keep silent."""

    def show(self, report: StepReport) -> None:
        """Keep silent."""

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

    def end(self) -> None:
        """End everywhere."""
        for progress in self._shown:
            progress.end()


class PlainProgress:
    """One line for every N-th optimizer step, and for the last; for none if N is 0."""

    def __init__(self, interval: int = 1, write: Callable[[str], None] = _print) -> None:
        self._interval = interval
        self._write = write
        self._pace = _Pace()

    def note(self, text: str) -> None:
        """Write the line."""
        self._write(text)

    def show(self, report: StepReport) -> None:
        """Write a line, if it is this step's turn."""
        self._pace.add(report)
        interval = self._interval
        if not interval or (report.step % interval and report.step != report.horizon):
            return
        left = self._pace.seconds_for(report.horizon - report.step)
        parts = [
            f"step {report.step}/{report.horizon}",
            *_measures(report),
            f"{self._pace.tokens_per_second:,.0f} tokens/s",
            *_costs(report.measures),
            f"{_duration(left)} left",
        ]
        self.note(" | ".join(parts))

    def end(self) -> None:
        """End."""


class LiveProgress:
    """A bar with the newest figures, by rich."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Bar
        from rich.table import Column

        self._console = Console()
        self._pace = _Pace()
        self._task: TaskID | None = None
        self._bar = Bar(
            TextColumn("step"),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            BarColumn(bar_width=None, table_column=Column(ratio=1)),
            TextColumn("{task.fields[figures]}"),
            TextColumn("{task.fields[left]}"),
            console=self._console,
            expand=True,
        )

    def note(self, text: str) -> None:
        """Print the line, above the bar."""
        self._console.print(text, highlight=False, markup=False)

    def show(self, report: StepReport) -> None:
        """Put up the bar if it is not there, and move it."""
        if self._task is None:
            self._bar.start()
            self._task = self._bar.add_task("", total=report.horizon, figures="", left="")
        self._pace.add(report)
        left = f"{_duration(self._pace.seconds_for(report.horizon - report.step))} left"
        rate = f"{self._pace.tokens_per_second:,.0f} tokens/s"
        seconds, memory, *peak = _costs(report.measures)
        room = self._console.width - len(f"step {report.horizon}/{report.horizon}   {left}")
        figures = _fitting([*_measures(report), seconds, rate, *peak, memory], room - _BAR)
        self._bar.update(self._task, completed=report.step, figures=figures, left=left)

    def end(self) -> None:
        """Leave the bar as it stands."""
        self._bar.stop()


def _fitting(figures: list[str], room: int) -> str:
    """Join as many figures as there is room for; the most important ones are first."""
    lines = ("  ".join(figures[:number]) for number in range(len(figures), 0, -1))
    return next((line for line in lines if len(line) <= room), "")


def _measures(report: StepReport) -> list[str]:
    terms = [f"{name} {value:.4f}" for name, value in report.terms.items()]
    return [f"loss {report.loss:.4f}", *terms, f"learning rate {report.learning_rate:.2e}"]


def _costs(measures: Measures) -> list[str]:
    costs = [f"{measures.seconds:.2f} s", f"{measures.memory_gib:.1f} GiB"]
    if measures.mfu is not None:
        return [*costs, f"{measures.mfu:.0%} of peak"]
    return [*costs, *([] if measures.tflops is None else [f"{measures.tflops:.3g} TFLOPS"])]


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
