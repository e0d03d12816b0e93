"""A display that may go before the run that it shows: a terminal is closed, a pipe ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from arctic_training.trainer.report import StepReport

if TYPE_CHECKING:
    from arctic_training.trainer.progress import Progress

__all__ = ["UntilGone"]


class UntilGone:
    """Shows a run as long as there is where to; then the run goes on unseen, and is saved."""

    def __init__(self, shown: Progress) -> None:
        self.shown: Progress | None = shown
        """The display; None once it is gone."""

    def note(self, text: str) -> None:
        """Show the line."""
        with self._as_long_as_there_is() as shown:
            if shown:
                shown.note(text)

    def show(self, report: StepReport) -> None:
        """Show the step."""
        with self._as_long_as_there_is() as shown:
            if shown:
                shown.show(report)

    def end(self) -> None:
        """End."""
        with self._as_long_as_there_is() as shown:
            if shown:
                shown.end()

    @contextmanager
    def _as_long_as_there_is(self) -> Iterator[Progress | None]:
        try:
            yield self.shown
        except OSError:
            self.shown = None
