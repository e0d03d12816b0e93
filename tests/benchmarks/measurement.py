"""A measured figure and its budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Measurement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A figure of one run, with the budget that it must keep."""

    name: str
    value: float
    unit: str
    """Unit of the value; `x` for a ratio within the run."""

    budget: float | None = None
    """Highest value allowed, or the lowest where more is better; None for a figure to compare."""

    more_is_better: bool = False

    @property
    def verdict(self) -> Literal["", "ok", "over budget"]:
        """Whether the budget is kept; empty where there is none."""
        if self.budget is None:
            return ""
        is_kept = self.value >= self.budget if self.more_is_better else self.value <= self.budget
        return "ok" if is_kept else "over budget"

    @property
    def shown(self) -> str:
        """The value with its unit."""
        return shown(self.value, self.unit)

    @property
    def shown_budget(self) -> str:
        """The budget with its unit and direction."""
        if self.budget is None:
            return ""
        return ("at least " if self.more_is_better else "at most ") + shown(self.budget, self.unit)


def shown(value: float, unit: str) -> str:
    """Return a value as the table shows it: ratios with two digits, sizes without."""
    digits = 2 if abs(value) < 10 or unit in {"x", "%"} else 0
    small = f"{value:.1e}" if 0 < abs(value) < 10**-digits else f"{value:,.{digits}f}"
    return f"{small} {unit}".rstrip()
