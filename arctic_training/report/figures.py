"""The figures of a page: their titles, their units, and the order in which they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from arctic_training.report.run import Run

__all__ = ["Chart", "charts"]

_HIDDEN: Final = {"tokens", "timestamp"}
"""Figures that are axes."""

_OPTIMIZATION: Final = "Optimization"
_SPEED: Final = "Speed and memory"
_METRICS: Final = "Loss and metrics"

_KNOWN: Final = {
    "learning_rate": ("learning rate", "", _OPTIMIZATION),
    "gradient_norm": ("gradient norm", "", _OPTIMIZATION),
    "tokens_per_second": ("throughput", "tokens/s", _SPEED),
    "step_time": ("step time", "s", _SPEED),
    "memory_gib": ("peak memory", "GiB", _SPEED),
    "tflops": ("compute per device", "TFLOPS", _SPEED),
    "mfu": ("model FLOPs utilization", "of peak", _SPEED),
}
"""Title, unit and section of the figures that every run has."""

_FORMATS: Final = {"mfu": ".1%"}
"""Formats of d3 for figures that are not shown as plain numbers."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One figure of all runs in one chart."""

    name: str
    title: str
    unit: str
    section: str
    format: str = ""
    """How d3 writes its values; empty leaves it to plotly."""


def charts(runs: Iterable[Run]) -> list[Chart]:
    """Return the charts: the loss, then the trainer's own metrics, then what every run has."""
    names = dict.fromkeys(name for run in runs for name in _names(run))
    own = [name for name in names if name not in _KNOWN and name != "loss"]
    ordered = ["loss", *own, *_KNOWN]
    return [_chart(name) for name in ordered if name in names and name not in _HIDDEN]


def _names(run: Run) -> Iterator[str]:
    yield from run.training.figures
    for curves in run.evaluations.values():
        yield from curves.figures


def _chart(name: str) -> Chart:
    title, unit, section = _KNOWN.get(name, (name.replace("_", " "), "", _METRICS))
    return Chart(name, title, unit, section, _FORMATS.get(name, ""))
