"""Recipe section of the engine."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from arctic_training.config.base import Config, Human
from arctic_training.config.exact import Exact

__all__ = ["DeepSpeedConfig", "ZeROConfig"]


class ZeROConfig(Config):
    """The zero redundancy optimizer (Rajbhandari et al., 2020)."""

    stage: Annotated[Literal[0, 1, 2, 3], Exact()] = 0
    """What the processes share out: 0 nothing, 1 the optimizer's states, 2 the gradients as well,
    3 the weights as well."""


class DeepSpeedConfig(Config):
    """Settings of DeepSpeed.

    Batch sizes and precision are derived from the rest of the recipe and cannot be set here.
    """

    zero_optimization: ZeROConfig = ZeROConfig()
    """The zero redundancy optimizer."""

    gradient_clipping: Annotated[float, Field(ge=0), Human()] = 1.0
    """Largest norm of the gradient; a longer one is scaled down to it. 0 does not clip."""
