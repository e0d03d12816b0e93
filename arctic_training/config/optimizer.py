"""Recipe sections of the optimizer."""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasChoices, Field

from arctic_training.config.base import Human, SectionConfig
from arctic_training.config.markers import Named

__all__ = ["AdamConfig", "CPUAdamConfig", "FusedAdamConfig", "MuonConfig", "OptimizerConfig"]

_Beta = Annotated[float, Field(ge=0, lt=1), Human()]


class OptimizerConfig(SectionConfig, frozen=True):
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


class AdamConfig(OptimizerConfig, frozen=True):
    """What AdamW (Loshchilov & Hutter, 2019) has, however it is computed."""

    betas: Annotated[tuple[_Beta, _Beta], Field(strict=False)] = (0.9, 0.999)
    """Decay of the running means of the gradient and of its square."""

    eps: Annotated[float, Field(gt=0), Human()] = 1e-8
    """Added to the root of the mean square."""


class FusedAdamConfig(AdamConfig, frozen=True):
    """AdamW (Loshchilov & Hutter, 2019) in one kernel: `torch.optim.AdamW(fused=True)`."""

    type: Annotated[str, Named("fused_adam")] = "fused_adam"


class CPUAdamConfig(AdamConfig, frozen=True):
    """AdamW on the processor, of DeepSpeed, for `offload_optimizer` of `zero_optimization`.

    It is compiled at its first use, once an environment, in `TORCH_EXTENSIONS_DIR`.
    """

    type: Annotated[str, Named("cpu_adam")] = "cpu_adam"


class MuonConfig(AdamConfig, frozen=True):
    """Muon (Jordan et al., 2024) for hidden matrices, AdamW for embeddings, head, biases, norms.

    Updates of matrices are scaled to the size of AdamW's (Liu et al., 2025, equation 4), so that
    both take the same learning rate and weight decay. Each process needs its matrices whole: ZeRO
    stage 0.
    """

    type: Annotated[str, Named("muon")] = "muon"

    momentum: Annotated[float, Field(ge=0, lt=1), Human()] = 0.95
    """Decay of the running mean of a matrix's gradient, of Nesterov's kind."""

    newton_schulz_steps: Annotated[int, Field(ge=1, le=99), Human()] = 5
    """Iterations by which an update is made orthogonal."""
