"""Recipe section of the engine."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from arctic_training.config.base import Config, Human
from arctic_training.config.exact import Exact

__all__ = ["DeepSpeedConfig", "ZeROConfig"]

_Size = Annotated[int, Field(ge=0), Human()]


_DERIVED: Final = {
    "bf16": "it is derived from `dtype` of `model`",
    "bfloat16": "it is derived from `dtype` of `model`",
    "fp16": "`dtype` of `model` is bf16 or fp32; fp16, whose loss is scaled, is not built yet",
    "gradient_accumulation_steps": "set it at the top of the recipe",
    "optimizer": "use the section `optimizer` of the recipe",
    "scheduler": "use the section `scheduler` of the recipe",
    "sequence_parallel_size": "sequence parallelism is not built yet",
    "steps_per_print": "set `train_log_iter_interval`",
    "train_batch_size": "it follows from `micro_batch_size`, accumulation and processes",
    "train_micro_batch_size_per_gpu": "set `micro_batch_size` at the top of the recipe",
}
"""Keys of DeepSpeed's that the recipe says elsewhere: two places could contradict each other."""

_NOT_BUILT: Final = "offloading is not built yet"


class ZeROConfig(Config):
    """The zero redundancy optimizer (Rajbhandari et al., 2020).

    What is not set is DeepSpeed's own default.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "x-planned": {"offload_optimizer": _NOT_BUILT, "offload_param": _NOT_BUILT}
        }
    )

    stage: Annotated[Literal[0, 1, 2, 3], Exact()] = 0
    """What the processes share out: 0 nothing, 1 the optimizer's states, 2 the gradients as well,
    3 the weights as well."""

    allgather_bucket_size: _Size | None = None
    """Stages 1 and 2: weights that are gathered at once."""

    reduce_bucket_size: _Size | None = None
    """Gradients that are reduced at once."""

    contiguous_gradients: bool | None = None
    """Copy gradients into one buffer as they are made."""

    stage3_max_live_parameters: _Size | None = None
    """Stage 3: weights that a process holds at once."""

    stage3_max_reuse_distance: _Size | None = None
    """Stage 3: keep weights that are needed again within so many others."""

    stage3_param_persistence_threshold: _Size | None = None
    """Stage 3: weights smaller than this are not shared out."""

    stage3_prefetch_bucket_size: _Size | None = None
    """Stage 3: weights that are fetched ahead at once."""


class DeepSpeedConfig(Config):
    """Settings of DeepSpeed.

    Batch sizes and precision are derived from the rest of the recipe and cannot be set here.
    """

    model_config = ConfigDict(json_schema_extra={"x-planned": dict(_DERIVED)})

    zero_optimization: ZeROConfig = ZeROConfig()
    """The zero redundancy optimizer."""

    gradient_clipping: Annotated[float, Field(ge=0), Human()] = 1.0
    """Largest norm of the gradient; a longer one is scaled down to it. 0 does not clip."""
