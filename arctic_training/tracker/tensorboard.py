"""Figures for TensorBoard."""

from __future__ import annotations

from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from arctic_training.core.reports import Report
from arctic_training.tracker.outcome import Outcome

__all__ = ["TensorBoard"]


class TensorBoard:
    """Writes event files; a resumed run purges those of the steps that it repeats."""

    def __init__(self, folder: Path, *, first_step: int) -> None:
        self._writer = SummaryWriter(str(folder), purge_step=first_step)

    def log(self, report: Report) -> None:
        """Write one scalar a figure, such as `train/loss`."""
        for name, value in report.figures.items():
            self._writer.add_scalar(f"{report.group}/{name}", value, report.step)

    def finish(self, outcome: Outcome) -> None:
        """Flush and close the file."""
        del outcome
        self._writer.close()
