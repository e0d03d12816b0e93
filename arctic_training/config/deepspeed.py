"""Recipe section of the engine."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from arctic_training.config.base import Config, Human
from arctic_training.config.markers import Exact, Only
from arctic_training.config.unsupported_deepspeed import REFUSED_BF16, REFUSED_FP16, REFUSED_KEYS
from arctic_training.config.zero import ZeROConfig
from arctic_training.diagnostics.advice import because
from arctic_training.document.schema_forms import NO_EFFECT

__all__ = ["BF16Config", "DeepSpeedConfig", "FP16Config", "TorchAutocastConfig"]

_MIXED: Final = because(
    "layers compute in `dtype` of `model`, and the optimizer keeps its own weights in fp32",
    "set `dtype: bf16`",
)


class FP16Config(Config, frozen=True):
    """Dynamic loss scaling (Micikevicius et al., 2018), where `dtype` of `model` is fp16.

    The scale is that of the mean loss; the power of two above the last count is divided out.
    """

    model_config = ConfigDict(json_schema_extra={"x-planned": {**REFUSED_FP16}})

    enabled: bool | None = None
    """Whether `dtype` of `model` is fp16, where it is said twice."""

    loss_scale: Annotated[Literal[0], Exact()] = 0
    """0: the scale is dynamic."""

    initial_scale_power: Annotated[int, Field(ge=0, le=32), Human()] = 16
    """The scale begins at two to the power of this."""

    loss_scale_window: Annotated[int, Field(ge=1), Human()] = 1000
    """Steps without an overflow until the scale is doubled."""

    hysteresis: Annotated[int, Field(ge=1), Human()] = 2
    """Overflows until the scale is halved."""

    min_loss_scale: Annotated[float, Field(gt=0), Human()] = 1.0
    """Least scale; gradients that overflow even there end the run."""


class BF16Config(Config, frozen=True):
    """A precision that is said twice."""

    model_config = ConfigDict(json_schema_extra={"x-planned": {**REFUSED_BF16}})

    enabled: bool | None = None
    """Whether `dtype` of `model` is bf16."""


class TorchAutocastConfig(Config, frozen=True):
    """Mixed precision by PyTorch's autocast, which is not needed: it may be switched off alone."""

    enabled: Annotated[Literal[False], Only(_MIXED)] = False
    """Whether layers compute in another precision than that of their weights."""

    dtype: str | None = None
    """That precision: nothing depends on it."""

    lower_precision_safe_modules: tuple[str, ...] | None = Field(default=None, strict=False)
    """Layers that would compute in it: nothing depends on them."""


class DeepSpeedConfig(Config, frozen=True):
    """Settings of DeepSpeed.

    Batch sizes and precision are derived from the rest of the recipe; a contradiction is an error.
    """

    model_config = ConfigDict(json_schema_extra={"x-planned": {**REFUSED_KEYS}})

    zero_optimization: ZeROConfig = ZeROConfig()
    """The zero redundancy optimizer."""

    gradient_clipping: Annotated[float, Field(ge=0), Human()] = 1.0
    """Largest norm of the gradient; a longer one is scaled down to it. 0 does not clip."""

    fp16: FP16Config = FP16Config()
    """How losses are scaled in fp16."""

    bf16: BF16Config = BF16Config()
    """Whether the precision is bf16."""

    bfloat16: BF16Config = BF16Config()
    """The same, by its older name."""

    torch_autocast: TorchAutocastConfig = TorchAutocastConfig()
    """Mixed precision by PyTorch's autocast."""

    communication_data_type: Literal["bf16", "fp16", "fp32"] | None = None
    """Precision in which gradients are reduced; null is that of the model."""

    sequence_parallel_size: Annotated[
        Literal[1], Only(because("sequence parallelism is not supported yet"))
    ] = 1
    """Processes that share a sequence."""

    seq_parallel_communication_data_type: Annotated[
        Literal["bf16", "fp16", "fp32"] | None, Field(json_schema_extra=NO_EFFECT)
    ] = None
    """Precision in which they would exchange parts of it: nothing depends on it."""

    prescale_gradients: Annotated[Literal[False], Exact()] = False
    """Gradients are summed before they are divided."""

    steps_per_print: Annotated[int, Field(ge=1), Human()] | None = None
    """Let DeepSpeed print a line of its own after each N-th step; null does not."""

    wall_clock_breakdown: bool = False
    """Let DeepSpeed print how long each part of a step took."""
