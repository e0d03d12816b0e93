"""What is known after an optimizer step."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from arctic_training.trainer.totals import Totals

__all__ = ["EvaluationReport", "MetricsLog", "StepReport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """One optimizer step, of ``horizon`` in the whole run.

    ``loss`` is the mean over what the loss counts in the global batch; ``terms`` are the metrics
    that the definition declares. ``tokens`` have no padding among them. ``seconds`` is wall time
    since the step before.
    """

    step: int
    horizon: int
    epoch: int
    loss: float
    learning_rate: float
    tokens: int
    seconds: float
    terms: dict[str, float]

    @property
    def tokens_per_second(self) -> float:
        """Tokens in a second of wall time."""
        return self.tokens / self.seconds if self.seconds else 0.0

    def as_json(self) -> str:
        """Return one line of JSON, without its end; a term of nothing is null."""
        fields = {
            "step": self.step,
            "epoch": self.epoch,
            "loss": self.loss,
            "learning_rate": self.learning_rate,
            "tokens": self.tokens,
            "tokens_per_second": round(self.tokens_per_second, 1),
            "step_time": round(self.seconds, 6),
        }
        return json.dumps(fields | _finite(self.terms))


def _finite(terms: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in terms.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationReport:
    """What one evaluation set came to after an optimizer step."""

    step: int
    epoch: int
    name: str
    totals: Totals

    def as_json(self) -> str:
        """Return one line of JSON, without its end: ``evaluation`` names the set."""
        totals = self.totals
        place = {"step": self.step, "epoch": self.epoch, "evaluation": self.name}
        whole = {"loss": totals.loss, "tokens": totals.tokens}
        return json.dumps(place | whole | _finite(totals.terms))

    def as_text(self) -> str:
        """Return one line for people."""
        terms = [f"{name} {value:.4f}" for name, value in self.totals.terms.items()]
        return " | ".join([f"step {self.step}", self.name, f"loss {self.totals.loss:.4f}", *terms])


class _Report(Protocol):
    @property
    def step(self) -> int: ...

    def as_json(self) -> str: ...


class MetricsLog:
    """A file of JSON lines, one for each optimizer step and each evaluation.

    The first step that is written begins the file anew, but for the lines of earlier steps: a run
    that goes on from a checkpoint takes back the lines of steps that it does again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_begun = False

    def write(self, report: _Report) -> None:
        """Add a report; the line is in the file when this returns."""
        if not self._is_begun:
            self._begin(report.step)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(report.as_json() + "\n")

    def _begin(self, step: int) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        kept = _lines_before(self._path, step) if self._path.exists() and step > 1 else []
        self._path.write_text("".join(kept), encoding="utf-8")
        self._is_begun = True


def _lines_before(path: Path, step: int) -> list[str]:
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        try:
            earlier = line.endswith("\n") and json.loads(line)["step"] < step
        except (ValueError, KeyError, TypeError):
            break
        if earlier:
            kept.append(line)
    return kept
