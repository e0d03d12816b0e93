"""What is known after an optimizer step."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from arctic_training.core.totals import Totals

__all__ = ["MEASURED", "STANDARD", "EvaluationReport", "Measures", "Report", "StepReport", "finite"]

MEASURED: Final = frozenset(
    {"tokens_per_second", "step_time", "memory_gib", "tflops", "mfu", "timestamp"}
)
"""Figures of a step that are others each time, whatever is trained."""

STANDARD: Final = MEASURED | {"step", "epoch", "loss", "learning_rate", "gradient_norm", "tokens"}
"""Figures of every step, whatever the loss returns."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What a step took: seconds, the peak of memory in GiB, operations and their share of peak.

    ``tflops`` are 10^12 operations in a second on one device; ``mfu`` is None where the peak is
    not known, both where the model's layers are not.
    """

    seconds: float
    memory_gib: float = 0.0
    tflops: float | None = None
    mfu: float | None = None


class Report(Protocol):
    """What is known after a step, for whoever takes it down."""

    @property
    def step(self) -> int:
        """The optimizer step."""

    @property
    def horizon(self) -> int:
        """Optimizer steps in the whole run."""

    @property
    def group(self) -> str:
        """What the figures are of: `train`, or `eval/` and the name of a set."""

    @property
    def figures(self) -> Mapping[str, float]:
        """Everything that there is to report, by name."""

    def as_json(self) -> str:
        """Return one line of JSON, without its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """One optimizer step, of ``horizon`` in the whole run.

    ``loss`` is the mean over what the loss counts in the global batch, ``gradient_norm`` the norm
    of its gradient over all weights before clipping; ``terms`` are the metrics that the definition
    declares. ``tokens`` have no padding among them. ``measures`` are from the step before to this.
    """

    step: int
    horizon: int
    epoch: int
    loss: float
    learning_rate: float
    tokens: int
    gradient_norm: float
    measures: Measures
    terms: dict[str, float]

    @property
    def tokens_per_second(self) -> float:
        """Tokens in a second of wall time."""
        seconds = self.measures.seconds
        return self.tokens / seconds if seconds else 0.0

    @property
    def group(self) -> str:
        """What the figures are of."""
        return "train"

    @property
    def figures(self) -> dict[str, float]:
        """Everything that there is to report, by name; the metrics of the definition come last."""
        known = {"tflops": self.measures.tflops, "mfu": self.measures.mfu}
        return {
            "epoch": self.epoch,
            "loss": self.loss,
            "learning_rate": self.learning_rate,
            "gradient_norm": self.gradient_norm,
            "tokens": self.tokens,
            "tokens_per_second": round(self.tokens_per_second, 1),
            "step_time": round(self.measures.seconds, 6),
            "memory_gib": round(self.measures.memory_gib, 3),
            **{name: round(value, 5) for name, value in known.items() if value is not None},
            **self.terms,
        }

    def as_json(self) -> str:
        """Return one line of JSON, without its end; a figure of nothing is null."""
        return json.dumps({"step": self.step, **finite(self.figures)})


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationReport:
    """What one evaluation set came to after an optimizer step."""

    step: int
    horizon: int
    epoch: int
    name: str
    totals: Totals

    @property
    def group(self) -> str:
        """What the figures are of."""
        return f"eval/{self.name}"

    @property
    def figures(self) -> dict[str, float]:
        """The loss over the whole set, its tokens, and the metrics of the definition."""
        return {"loss": self.totals.loss, "tokens": self.totals.tokens, **self.totals.terms}

    def as_json(self) -> str:
        """Return one line of JSON, without its end: ``evaluation`` names the set."""
        place = {"step": self.step, "epoch": self.epoch, "evaluation": self.name}
        return json.dumps({**place, **finite(self.figures)})

    def as_text(self) -> str:
        """Return one line for people."""
        terms = [f"{name} {value:.4f}" for name, value in self.totals.terms.items()]
        return " | ".join(
            [
                f"step {self.step}",
                f"eval `{self.name}`",
                f"loss {self.totals.loss:.4f}",
                *terms,
            ]
        )


def finite(figures: Mapping[str, float]) -> dict[str, float | None]:
    """Return figures as JSON holds them: one of nothing, or beyond all numbers, is null."""
    return {name: value if math.isfinite(value) else None for name, value in figures.items()}
