"""DeepSpeed's configuration, derived from the recipe, and what of it cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import ValidationError

from arctic_training.config.deepspeed import DeepSpeedConfig
from arctic_training.config.trainer import TrainerConfig
from arctic_training.config.zero import ZeROConfig
from arctic_training.core.mesh import BATCH_AXES, Mesh
from arctic_training.engines.deepspeed.backend import deepspeed
from arctic_training.engines.deepspeed.compiled_operations import why_not_compiled
from arctic_training.errors import RecipeError

__all__ = ["deepspeed_config", "engine_problems"]

_ZERO: Final = ("deepspeed", "zero_optimization")
_STAGE_WITH_OVERLAP: Final = 2  # the first that reduces gradients during the backward pass
_LARGEST_BUCKET: Final = 500_000_000  # DeepSpeed's own


def deepspeed_config(config: TrainerConfig, mesh: Mesh, trained_size: int) -> dict[str, object]:
    """Derive DeepSpeed's configuration from the recipe, which has each setting once.

    The scale of losses is the runtime's: for DeepSpeed it is static, and 1. A bucket of gradients,
    which DeepSpeed allocates whole, has at most ``trained_size`` elements, all there are.
    """
    bucket: dict[str, object] = {"reduce_bucket_size": min(_LARGEST_BUCKET, trained_size)}
    engine, accumulation = config.deepspeed, config.gradient_accumulation_steps
    is_plain = config.model.dtype == "fp32" and engine.zero_optimization.stage == 0
    derived: dict[str, object] = {
        "train_micro_batch_size_per_gpu": config.micro_batch_size,
        "gradient_accumulation_steps": accumulation,
        # DeepSpeed knows no sequence axis: it counts, and averages over, every process.
        "train_batch_size": config.micro_batch_size * accumulation * mesh.size(*BATCH_AXES),
        "managed_gradient_accumulation": False,
        # Plain gradients are clipped by the runtime, which reports their norm.
        "gradient_clipping": 0.0 if is_plain else engine.gradient_clipping,
        "zero_optimization": bucket | _zero(engine.zero_optimization),
        "zero_allow_untested_optimizer": True,
        "communication_data_type": engine.communication_data_type,
        "steps_per_print": engine.steps_per_print,
        "wall_clock_breakdown": engine.wall_clock_breakdown,
    }
    if config.model.dtype == "bf16":
        derived["bf16"] = {"enabled": True}
    if config.model.dtype == "fp16":
        derived["fp16"] = {"enabled": True, "loss_scale": 1.0}
    return derived


def engine_problems(config: TrainerConfig) -> Iterator[RecipeError]:
    """Iterate over what keeps the engine from training as a recipe says."""
    if (
        config.model.dtype == "fp16"
        and not deepspeed.accelerator.get_accelerator().is_fp16_supported()
    ):
        message, hint = "this device does not compute in fp16", "take bf16 or fp32"
        yield RecipeError(("model", "dtype"), message, code="not-supported", hint=hint)
    if config.torch_compile and (reason := why_not_compiled()):
        yield RecipeError(("torch_compile",), reason, code="not-supported")
    yield from _other_precisions(config.deepspeed, config.model.dtype)
    yield from _zero_problems(config.deepspeed.zero_optimization)


def _other_precisions(engine: DeepSpeedConfig, dtype: str) -> Iterator[RecipeError]:
    bf16, fp16 = dtype == "bf16", dtype == "fp16"
    said = {
        "bf16": (engine.bf16.enabled, bf16),
        "bfloat16": (engine.bfloat16.enabled, bf16),
        "fp16": (engine.fp16.enabled, fp16),
    }
    for name, (enabled, is_chosen) in said.items():
        if enabled is not None and enabled != is_chosen:
            message = f"`dtype` of `model` is {dtype}"
            yield RecipeError(("deepspeed", name, "enabled"), message, code="conflict")


def _zero_problems(zero: ZeROConfig) -> Iterator[RecipeError]:
    """Iterate over what the stage does not offload, and what DeepSpeed's own model refuses."""
    stage = zero.stage
    if zero.offload_optimizer.device != "none" and stage == 0:
        message = "nothing is offloaded at stage 0: take stage 1, 2 or 3"
        yield RecipeError((*_ZERO, "offload_optimizer"), message, code="conflict")
    elif zero.offload_optimizer.ratio < 1 and stage != 3:  # noqa: PLR2004 - a stage
        message = f"stage {stage} offloads the whole optimizer; only stage 3 takes a part of it"
        yield RecipeError((*_ZERO, "offload_optimizer", "ratio"), message, code="conflict")
    if zero.offload_param.device != "none" and stage != 3:  # noqa: PLR2004 - a stage
        message = f"stage {stage} keeps the weights whole: take stage 3"
        yield RecipeError((*_ZERO, "offload_param"), message, code="conflict")
    if zero.overlap_comm and stage < _STAGE_WITH_OVERLAP:
        message = f"`overlap_comm` needs ZeRO stage 2 or 3, found stage {stage}"
        hint = "set `stage: 2`, or remove `overlap_comm`"
        yield RecipeError((*_ZERO, "overlap_comm"), message, code="conflict", hint=hint)
    try:
        deepspeed.runtime.zero.config.DeepSpeedZeroConfig(**_zero(zero))
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            pointer = (*_ZERO, *detail["loc"])
            yield RecipeError(
                pointer, f"DeepSpeed refuses it: {detail['msg']}", code="invalid-value"
            )


def _zero(zero: ZeROConfig) -> dict[str, object]:
    """Return the section as DeepSpeed takes it: what is not offloaded is not named."""
    values = zero.model_dump(exclude_none=True)
    for name in ("offload_optimizer", "offload_param"):
        if values[name]["device"] == "none":
            del values[name]
    return values
