"""Recipe section of the zero redundancy optimizer."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from arctic_training.config.base import Config, Human
from arctic_training.config.markers import Exact
from arctic_training.diagnostics.advice import because

__all__ = ["OffloadOptimizerConfig", "OffloadParamConfig", "ZeROConfig"]

_Size = Annotated[int, Field(ge=0), Human()]

_QUANTIZED: Final = because("communication in fewer bits is not supported yet")
_NVME: Final = because("offloading to NVMe is not supported yet")
_ON_NVME: Final = dict.fromkeys(
    ("buffer_count", "buffer_size", "fast_init", "max_in_cpu", "nvme_path"), _NVME
) | dict.fromkeys(("pipeline", "pipeline_read", "pipeline_write"), _NVME)

_REFUSED: Final = {
    "compute_grad_norm": because("the norm is always computed: it shows gradients that overflow"),
    "cpu_offload": "write `offload_optimizer: {device: cpu}`",
    "cpu_offload_param": "write `offload_param: {device: cpu}`",
    "cpu_offload_use_pin_memory": "set `pin_memory` of `offload_optimizer` or `offload_param`",
    "elastic_checkpoint": because(
        "a run may always resume with another number of processes", "remove it"
    ),
    "leaf_module": because("modules that are fetched as a whole are not supported yet"),
    "legacy_stage1": because("DeepSpeed has removed it", "remove it"),
    "load_from_fp32_weights": because("a run resumes from its weights in fp32", "remove it"),
    "override_module_apply": "remove it from the recipe",
    "parameter_alignment": "remove it from the recipe",
    "pipeline_loading_checkpoint": "remove it from the recipe",
    "save_muon_momentum_buffer_in_memory": because("`muon` runs at stage 0", "remove it"),
    "stage3_gather_fp16_weights_on_model_save": (
        "write `stage3_gather_16bit_weights_on_model_save`"
    ),
    "zenflow": because("ZenFlow is not supported yet"),
    "zero_hpz_partition_size": because("sharding of weights within a machine is not supported yet"),
    "zero_quantized_gradients": _QUANTIZED,
    "zero_quantized_nontrainable_weights": _QUANTIZED,
    "zero_quantized_weights": _QUANTIZED,
}
"""Keys of DeepSpeed's that are not taken, and what to do instead."""


class OffloadParamConfig(Config, frozen=True):
    """Where weights are kept while they are not needed."""

    model_config = ConfigDict(json_schema_extra={"x-planned": {**_ON_NVME}})

    device: Literal["none", "cpu"] = "none"
    """None: with the model. CPU: in the memory of the machine; stage 3 alone can."""

    pin_memory: bool = True
    """Keep that memory from being paged out, so that it is copied faster."""


class OffloadOptimizerConfig(Config, frozen=True):
    """Where the optimizer's states are kept and updated."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-planned": {
                **_ON_NVME,
                "cpuadam_cores_perc": because("SuperOffload is not supported yet"),
                "super_offload": because("SuperOffload is not supported yet"),
            }
        }
    )

    device: Literal["none", "cpu"] = "none"
    """None: with the model. CPU: on the processor, by the optimizer `cpu_adam`."""

    pin_memory: bool = True
    """Keep its memory from being paged out, so that it is copied faster."""

    ratio: Annotated[float, Field(ge=0, le=1), Human()] = 1.0
    """Share of the optimizer's states that is offloaded; only stage 3 takes less than 1."""


class ZeROConfig(Config, frozen=True):
    """The zero redundancy optimizer (Rajbhandari et al., 2020).

    What is not set is DeepSpeed's own default.
    """

    model_config = ConfigDict(json_schema_extra={"x-planned": {**_REFUSED}})

    stage: Annotated[Literal[0, 1, 2, 3], Exact()] = 0
    """What is sharded over the processes: 0 nothing, 1 the optimizer's states, 2 the gradients as
    well, 3 the weights as well.
    """

    offload_optimizer: OffloadOptimizerConfig = OffloadOptimizerConfig()
    """Stages 1 to 3: where the optimizer's states are kept and updated."""

    offload_param: OffloadParamConfig = OffloadParamConfig()
    """Stage 3: where weights are kept while they are not needed."""

    allgather_partitions: bool | None = None
    """Stages 1 and 2: gather weights by one operation instead of several broadcasts."""

    allgather_bucket_size: _Size | None = None
    """Stages 1 and 2: weights that are gathered at once."""

    overlap_comm: bool | None = None
    """Reduce gradients while others are computed."""

    reduce_scatter: bool | None = None
    """Send each process only the gradients that it keeps."""

    reduce_bucket_size: Annotated[int, Field(ge=1), Human()] | None = None
    """Gradients that are reduced at once."""

    use_multi_rank_bucket_allreduce: bool | None = None
    """Stages 1 and 2: reduce the buckets of several processes together."""

    contiguous_gradients: bool | None = None
    """Copy gradients into one buffer as they are made."""

    round_robin_gradients: bool | None = None
    """Stages 1 and 2: let all processes copy gradients that are offloaded."""

    ignore_unused_parameters: bool | None = None
    """Stage 2: accept a weight without a gradient."""

    sub_group_size: _Size | None = None
    """Stage 3: weights that are updated at once."""

    stage3_max_live_parameters: _Size | None = None
    """Stage 3: weights that a process holds at once."""

    stage3_max_reuse_distance: _Size | None = None
    """Stage 3: keep weights that are reused within this number of others."""

    stage3_param_persistence_threshold: _Size | None = None
    """Stage 3: weights smaller than this are not sharded."""

    stage3_model_persistence_threshold: _Size | None = None
    """Stage 3: maximum total number of weights that are not sharded."""

    stage3_prefetch_bucket_size: _Size | None = None
    """Stage 3: weights that are fetched ahead at once."""

    stage3_module_granularity_threshold: Annotated[int, Human()] | None = None
    """Stage 3: modules with less weights for each of their parts are fetched as a whole."""

    stage3_use_all_reduce_for_fetch_params: bool | None = None
    """Stage 3: fetch weights by sums, which copies less."""

    stage3_allgather_sequential: bool | None = None
    """Stage 3: fetch weights one by one, which takes less memory."""

    stage3_gather_16bit_weights_on_model_save: bool | None = None
    """Stage 3: for DeepSpeed's own export; the `huggingface` engine gathers in any case."""

    memory_efficient_linear: bool | None = None
    """Stage 3: keep no weights of linear layers for the backward pass."""

    log_trace_cache_warnings: bool | None = None
    """Stage 3: warn where layers come in another order than before."""

    enable_sanity_checks: bool | None = None
    """Let DeepSpeed check itself; slower."""
