"""What a person sees of a run: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

from arctic_training.launcher.world import World
from arctic_training.trainer.meter import Measures
from arctic_training.trainer.report import StepReport

if TYPE_CHECKING:
    from rich.progress import TaskID

__all__ = ["LiveProgress", "NoProgress", "PlainProgress", "Progress", "new_progress"]

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


def new_progress(interval: int, world: World) -> Progress:
    """Return the display that fits where the output goes; one process of a run has it."""
    if not world.is_first:
        return NoProgress()
    is_able = sys.stdout.isatty() and os.environ.get("TERM", "") not in _UNABLE
    return LiveProgress() if is_able else PlainProgress(interval)


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


class PlainProgress:
    """One line for every N-th optimizer step, and for the last."""

    def __init__(self, interval: int = 1) -> None:
        self._interval = interval
        self._pace = _Pace()

    def note(self, text: str) -> None:
        """Print the line."""
        print(text, flush=True)  # noqa: T201 - this is the display

    def show(self, report: StepReport) -> None:
        """Print a line, if it is this step's turn."""
        self._pace.add(report)
        if report.step % self._interval and report.step != report.horizon:
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
