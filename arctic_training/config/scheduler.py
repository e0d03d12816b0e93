"""Recipe sections of the learning-rate schedule."""

from __future__ import annotations

import math
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from arctic_training.config.base import Human, HumanFloat, SectionConfig
from arctic_training.config.markers import Named

__all__ = ["HFSchedulerConfig", "SchedulerConfig", "WSDSchedulerConfig"]

_MOVED: Final = "set `learning_rate` of the optimizer"


class SchedulerConfig(SectionConfig, frozen=True):
    """What every scheduler section has."""

    model_config = ConfigDict(
        json_schema_extra={"x-planned": dict.fromkeys(("learning_rate", "lr"), _MOVED)}
    )

    def warmup_steps(self, training_horizon: int) -> int:  # noqa: ARG002 - for those that scale
        """Return the number of optimizer steps in which the learning rate rises."""
        return 0


class HFSchedulerConfig(SchedulerConfig, frozen=True):
    """A schedule of transformers."""

    type: Annotated[str, Named("huggingface")] = "huggingface"

    warmup_ratio: Annotated[float, Field(ge=0, le=1), Human()] = 0.1
    """Share of the optimizer steps in which the learning rate rises."""

    num_warmup_steps: Annotated[int, Field(ge=0), Human()] | None = None
    """Optimizer steps in which it rises, in place of `warmup_ratio`."""

    name: Literal[
        "linear",
        "cosine",
        "cosine_with_restarts",
        "cosine_with_min_lr",
        "cosine_warmup_with_min_lr",
        "polynomial",
        "inverse_sqrt",
        "constant",
        "constant_with_warmup",
        "warmup_stable_decay",
    ] = "linear"
    """Form of the schedule after the warm-up."""

    scheduler_specific_kwargs: dict[str, HumanFloat] = Field(
        default_factory=dict, examples=[{"min_lr_rate": 0.1}]
    )
    """What else the schedule of that name takes, such as `min_lr_rate` or `power`."""

    def warmup_steps(self, training_horizon: int) -> int:
        """Return the number of optimizer steps in which the learning rate rises."""
        by_ratio = math.ceil(self.warmup_ratio * training_horizon)
        return by_ratio if self.num_warmup_steps is None else self.num_warmup_steps


class WSDSchedulerConfig(SchedulerConfig, frozen=True):
    """Warm up, stay, decay (Hu et al., 2024): the learning rate stays at its highest in between."""

    type: Annotated[str, Named("wsd")] = "wsd"

    name: Literal["wsd"] = "wsd"
    """Form of the schedule."""

    num_warmup_steps: Annotated[int, Field(ge=0, examples=[100]), Human()]
    """Optimizer steps in which the learning rate rises, linearly."""

    num_decay_steps: Annotated[int, Field(ge=0, examples=["1k"]), Human()]
    """Optimizer steps at the end in which it falls, along a cosine."""

    min_lr_ratio: Annotated[float, Field(ge=0, le=1), Human()] = 0.0
    """What it rises from and falls to, as a share of the highest."""

    def warmup_steps(self, training_horizon: int) -> int:  # noqa: ARG002
        """Return the number of optimizer steps in which the learning rate rises."""
        return self.num_warmup_steps
