"""Recipe sections of the optimizer."""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasChoices, Field

from arctic_training.config.base import Human, SectionConfig
from arctic_training.config.named import Named

__all__ = ["FusedAdamConfig", "OptimizerConfig"]

_Beta = Annotated[float, Field(ge=0, lt=1), Human()]


class OptimizerConfig(SectionConfig):
    """What every optimizer section has."""

    learning_rate: Annotated[
        float,
        Field(ge=0),
        Human(),
        Field(validation_alias=AliasChoices("learning_rate", "lr")),  # as in ArcticTraining
    ] = 5e-4
    """Highest learning rate; the scheduler leads up to it and down from it."""

    weight_decay: Annotated[float, Field(ge=0), Human()] = 0.1
    """Decoupled weight decay of the weight matrices; biases and norms have none."""


class FusedAdamConfig(OptimizerConfig):
    """AdamW (Loshchilov & Hutter, 2019) in one kernel: `torch.optim.AdamW(fused=True)`."""

    type: Annotated[str, Named("fused_adam")] = "fused_adam"

    betas: Annotated[tuple[_Beta, _Beta], Field(strict=False)] = (0.9, 0.999)
    """Decay of the running means of the gradient and of its square."""

    eps: Annotated[float, Field(gt=0), Human()] = 1e-8
    """Added to the root of the mean square."""
