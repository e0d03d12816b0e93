"""Progress display that survives a closed terminal or a broken pipe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from arctic_training.core.reports import StepReport
from arctic_training.terminal.activity import Stage

if TYPE_CHECKING:
    from arctic_training.trainer.progress import Progress

__all__ = ["BestEffortDisplay"]


class BestEffortDisplay:
    """Shows a run until its output fails; the run itself continues and is saved."""

    def __init__(self, shown: Progress) -> None:
        self.shown: Progress | None = shown
        """The display; None after its output has failed."""

    def note(self, text: str) -> None:
        """Show the line."""
        with self._attempt() as shown:
            if shown:
                shown.note(text)

    def show(self, report: StepReport) -> None:
        """Show the step."""
        with self._attempt() as shown:
            if shown:
                shown.show(report)

    def begin(self, stage: Stage) -> None:
        """Show the stage."""
        with self._attempt() as shown:
            if shown:
                shown.begin(stage)

    def finish(self, stage: Stage) -> None:
        """Show the stage no more."""
        with self._attempt() as shown:
            if shown:
                shown.finish(stage)

    def end(self) -> None:
        """End."""
        with self._attempt() as shown:
            if shown:
                shown.end()

    @contextmanager
    def _attempt(self) -> Iterator[Progress | None]:
        try:
            yield self.shown
        except OSError:
            self.shown = None
