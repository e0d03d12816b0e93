"""The figures of an optimizer step as text, for log lines and for the bar."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from arctic_training.core.reports import Measures, StepReport

__all__ = ["StepFigures", "fit", "join_fitting"]

_RECENT: Final = 20
"""Optimizer steps over which the pace is averaged."""


class StepFigures:
    """The texts of the newest step; pace and time left come from the last few steps."""

    def __init__(self) -> None:
        self._recent: deque[StepReport] = deque(maxlen=_RECENT)

    def add(self, report: StepReport) -> None:
        """Take the newest step."""
        self._recent.append(report)

    @property
    def newest(self) -> StepReport:
        """The newest step."""
        return self._recent[-1]

    @property
    def place(self) -> str:
        """Step and horizon, such as `3/7`."""
        return f"{self.newest.step}/{self.newest.horizon}"

    @property
    def left(self) -> str:
        """The time left, such as `1:02:03 left`."""
        steps = self.newest.horizon - self.newest.step
        return f"{_duration(steps * self._seconds / len(self._recent))} left"

    @property
    def loss(self) -> str:
        """The loss."""
        return f"loss {self.newest.loss:.4f}"

    @property
    def terms(self) -> list[str]:
        """The metrics of the trainer."""
        return [f"{name} {value:.4f}" for name, value in self.newest.terms.items()]

    @property
    def costs(self) -> Iterator[str]:
        """Learning rate, pace, time of a step, memory and use of the device."""
        yield f"learning rate {self.newest.learning_rate:.2e}"
        seconds = self._seconds
        tokens = sum(report.tokens for report in self._recent)
        yield f"{tokens / seconds if seconds else 0.0:,.0f} tokens/s"
        yield from _costs(self.newest.measures)

    @property
    def _seconds(self) -> float:
        return sum(report.measures.seconds for report in self._recent)


def fit(parts: Sequence[str], width: int, *, separator: str) -> list[str]:
    """Return the first parts, as many as fit into a width with separators between them."""
    for number in range(len(parts), 0, -1):
        if len(separator.join(parts[:number])) <= width:
            return [*parts[:number]]
    return []


def join_fitting(required: Sequence[str], optional: Sequence[str], last: str, *, width: int) -> str:
    """Join the parts of a log line; of the optional ones, and the last, what the width allows."""
    separator = " | "
    line = separator.join(required)
    room = width - len(line) - len(separator)
    is_last_shown = len(last) <= room
    ending = [last] if is_last_shown else []
    room -= len(separator + last) if is_last_shown else 0
    return separator.join([*required, *fit(optional, room, separator=separator), *ending])


def _costs(measures: Measures) -> Iterator[str]:
    yield f"{measures.seconds:.2f} s"
    yield f"{measures.memory_gib:.1f} GiB"
    if measures.mfu is not None:
        yield f"{measures.mfu:.0%} of peak"
    elif measures.tflops is not None:
        yield f"{measures.tflops:.3g} TFLOPS"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
