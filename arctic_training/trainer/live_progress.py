"""Display of a run on a terminal: log lines that scroll, and below them a bar that stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from arctic_training.core.reports import StepReport
from arctic_training.terminal.activity import Stage
from arctic_training.trainer.step_figures import StepFigures, fit, join_fitting

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.spinner import Spinner

__all__ = ["LiveProgress"]

_BAR: Final = 8
"""Columns of the bar at least; with less room there is none."""

_GAP: Final = "  "


class LiveProgress:
    """A line for every N-th optimizer step and the last, above a bar; a spinner for each stage.

    Lines and bar fit the terminal: the step and the loss always stay, then the trainer's metrics,
    the time left and the other figures, as far as there is room.
    """

    def __init__(self, interval: int = 1) -> None:
        from rich.console import Console

        self._console: Console = Console()
        self._interval = interval
        self._figures = StepFigures()
        self._is_training = False
        self._stages: dict[Stage, Spinner] = {}
        self._live: Live | None = None

    def note(self, text: str) -> None:
        """Print the line, above the bar."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def show(self, report: StepReport) -> None:
        """Move the bar; print a line above it if it is this step's turn."""
        figures = self._figures
        figures.add(report)
        self._is_training = True
        self._start()
        if report.step % self._interval == 0 or report.step == report.horizon:
            required = [f"step {figures.place}", figures.loss, *figures.terms]
            width = self._console.width
            self.note(join_fitting(required, [*figures.costs], figures.left, width=width))

    def begin(self, stage: Stage) -> None:
        """Show a spinner with the stage, above the bar."""
        from rich.spinner import Spinner

        self._stages = {**self._stages, stage: Spinner("dots")}
        self._start()

    def finish(self, stage: Stage) -> None:
        """Take the spinner away."""
        self._stages = {each: spin for each, spin in self._stages.items() if each is not stage}
        if not (self._stages or self._is_training):
            self.end()

    def end(self) -> None:
        """Leave the bar as it is."""
        if self._live:
            self._live.stop()
        self._live = None

    def _start(self) -> None:
        from rich.live import Live

        if self._live is None:
            self._live = Live(console=self._console, get_renderable=self._frame)
            self._live.start()

    def _frame(self) -> RenderableType:
        from rich.console import Group

        bar = [self._bar()] if self._is_training else []
        return Group(*(self._stage(*item) for item in self._stages.items()), *bar)

    def _stage(self, stage: Stage, spinner: Spinner) -> RenderableType:
        spinner.update(text=str(stage)[: self._console.width - 2])
        return spinner

    def _bar(self) -> RenderableType:
        """Return the line of the newest step, with a bar where there is room for one."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        figures, width = self._figures, self._console.width
        head = [f"step {figures.place}", figures.loss, figures.left]
        if len(_GAP.join(head)) > width:
            return Text(_GAP.join(fit([figures.place, *head[1:]], width, separator=_GAP)))
        room = width - len(_GAP.join([head[0], "", head[2]])) - _BAR - len(_GAP)
        if len(figures.loss) > room:
            return Text(_GAP.join(head))
        shown = fit([figures.loss, *figures.terms, *figures.costs], room, separator=_GAP)
        line = Table.grid(padding=(0, len(_GAP), 0, 0), expand=True, pad_edge=False)
        line.add_column(no_wrap=True)
        line.add_column(ratio=1)
        line.add_column(no_wrap=True)
        line.add_column(no_wrap=True)
        newest = figures.newest
        bar = ProgressBar(total=newest.horizon, completed=newest.step)
        line.add_row(head[0], bar, _GAP.join(shown), head[2])
        return line
