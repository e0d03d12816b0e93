"""Fewer points for long curves: the mean, the lowest and the highest value of each bucket."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Buckets", "ReducedCurve", "bucket_size"]

_Floats = NDArray[np.float64]

_NUMBERS: Final = 180_000
"""Numbers that all curves of a page may have: 1 MB of base64 beside 5 MB of plotly.js."""

_LEAST: Final = 100
"""Buckets of a curve at least, however many curves there are."""


@dataclass(frozen=True, slots=True)
class ReducedCurve:
    """A curve of one value a bucket; ``low`` and ``high`` are None where buckets have one step."""

    mean: _Floats
    low: _Floats | None = None
    high: _Floats | None = None


@dataclass(frozen=True, slots=True)
class Buckets:
    """Consecutive steps, ``size`` to a bucket; the last bucket may have fewer."""

    size: int

    def last(self, values: _Floats) -> _Floats:
        """Return the last value of each bucket."""
        ends = np.arange(self.size - 1, len(values) + self.size - 1, self.size)
        return values[np.minimum(ends, len(values) - 1)]

    def reduce(self, values: _Floats) -> ReducedCurve:
        """Return mean, lowest and highest value of each bucket; NaN counts where all are NaN."""
        if self.size == 1:
            return ReducedCurve(values)
        missing = -len(values) % self.size
        table = np.append(values, np.full(missing, np.nan)).reshape(-1, self.size)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a bucket of NaN alone
            mean, low, high = (f(table, axis=1) for f in (np.nanmean, np.nanmin, np.nanmax))
        return ReducedCurve(mean, low, high)

    @classmethod
    def fitting(cls, points: int, curves: int, *, share: float = 1.0) -> Self:
        """Return the smallest buckets for curves within a share of the page's numbers."""
        return cls(bucket_size(points, curves, share=share))


def bucket_size(points: int, curves: int, *, share: float = 1.0) -> int:
    """Return how many steps a bucket has, so that the curves of a run fit its share of the page.

    Args:
        points: steps of the run.
        curves: figures of each step.
        share: the part of the page's numbers that the run may have.

    """
    numbers = _NUMBERS * share
    axes = 2  # tokens and time
    if points * (curves + axes) <= numbers:
        return 1
    buckets = max(_LEAST, int(numbers / (3 * curves + axes + 1)))
    return max(1, -(-points // buckets))
