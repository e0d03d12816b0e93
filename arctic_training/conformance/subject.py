"""The trainer that is tried: made again and again, of recipes that differ a little."""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import new_class
from typing import TYPE_CHECKING, Literal

from torch import Tensor

from arctic_training.api import load_recipe
from arctic_training.conformance.descent import Descending
from arctic_training.conformance.laid_over import laid_over
from arctic_training.core.reports import StepReport
from arctic_training.trainer.progress import NoProgress
from arctic_training.trainer.trainer import Trainer

if TYPE_CHECKING:
    from arctic_training.api import AnyTrainer

__all__ = ["Subject", "Watch", "distance"]


class Watch(NoProgress):
    """Notes the loss of every step."""

    def __init__(self) -> None:
        self.losses: list[float] = []

    def show(self, report: StepReport) -> None:
        """Note the loss."""
        self.losses.append(report.loss)


@dataclass(frozen=True)
class Subject:
    """A trainer by its name, the values of a tiny recipe of it, and a folder for its files."""

    name: str
    coupling: Literal["sample", "micro_batch", "global_batch"]
    values: Mapping[str, object]
    overrides: Sequence[str]
    folder: Path
    saves: str
    """The engine whose checkpoints a run resumes from; empty if the trainer accepts none."""

    def make(self, *, descends: bool = False, **changes: object) -> AnyTrainer:
        """Make the trainer, of the tiny recipe with some changes; it shows nothing.

        With ``descends``, gradient descent replaces its optimizer.
        """
        config = load_recipe(laid_over(self.values, changes), self.overrides)
        kind: type[AnyTrainer] = Trainer.named(self.name)
        if descends:
            made = new_class(kind.__name__, (Descending, kind), {"abstract": True})
            assert issubclass(made, Trainer)
            kind = made
        with contextlib.redirect_stdout(io.StringIO()):
            trainer = kind(config)
        trainer.progress = NoProgress()
        return trainer

    def trained(self, **changes: object) -> dict[str, Tensor]:
        """Train two epochs by gradient descent, each one step; return the weights."""
        trainer = self.make(descends=True, **(_WHOLE_EPOCHS | changes))
        trainer.train()
        return trainer.engine.full_state_dict()


_WHOLE_EPOCHS: dict[str, object] = {
    "train_iters": 0,
    "epochs": 2,
    "micro_batch_size": 1024,
    "gradient_accumulation_steps": 1024,
    "optimizer": {"learning_rate": 0.01},
}


def distance(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> float:
    """Return the largest difference of two weights of one name; not a number makes it infinite."""
    found = max((one[name] - value).abs().max().item() for name, value in other.items())
    return found if math.isfinite(found) else math.inf
