"""Data that is ready to train on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from arctic_training.data.store.preparation_report import PreparationReport, Taken
from arctic_training.data.store.samples import Packs, Samples

__all__ = ["Prepared"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Samples, the packs of them that make rows, and what became of all that was read."""

    samples: Samples
    packs: Packs
    report: PreparationReport

    def of(self, taken: tuple[Taken, ...]) -> Prepared:
        """Return the same data, whose report says how much of its sources was taken."""
        return replace(self, report=replace(self.report, taken=taken))
