"""Recipe sections of the learning-rate schedule."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from arctic_training.config.base import Human, SectionConfig

__all__ = ["HFSchedulerConfig", "SchedulerConfig"]


class SchedulerConfig(SectionConfig):
    """What every scheduler section has."""

    warmup_ratio: Annotated[float, Field(ge=0, le=1), Human()] = 0.1
    """Share of the optimizer steps in which the learning rate rises."""

    def warmup_steps(self, training_horizon: int) -> int:
        """Return the number of optimizer steps in which the learning rate rises."""
        return math.ceil(self.warmup_ratio * training_horizon)


class HFSchedulerConfig(SchedulerConfig):
    """A schedule of transformers."""

    type: Literal["huggingface"] = "huggingface"

    name: Literal["linear", "cosine", "constant", "constant_with_warmup"] = "linear"
    """Form of the schedule after the warm-up."""
