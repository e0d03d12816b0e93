"""Keys of DeepSpeed's configuration that a recipe does not accept, with replacements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from arctic_training.diagnostics.advice import because

__all__ = ["REFUSED_BF16", "REFUSED_FP16", "REFUSED_KEYS"]

_SCALED: Final = because("losses are scaled by the runtime, dynamically", "remove it")
_FP32: Final = because("the optimizer keeps its own weights and states in fp32", "remove it")
_OUT: Final = "remove it from the recipe"
_LOADER: Final = because(
    "the runtime has its own data loader", "use the section `data` of the recipe"
)
_SHARDED: Final = because(
    "the runtime shards data and, by `zero_optimization`, weights alone", "remove it"
)
_SHOWN: Final = "use `--python-profile`, `mem_profiler` or `wall_clock_breakdown`"
_CHECKPOINT: Final = "use the section `checkpoint` of the recipe"
_EXACT: Final = because("weights and gradients are trained as they are", "remove it")

REFUSED_KEYS: Final[Mapping[str, str]] = {
    "activation_checkpointing": "set `disable_activation_checkpoint` of `model`",
    "aio": because("offloading to NVMe is not supported yet"),
    "amp": "set `dtype` of `model`",
    "autotuning": because(
        "DeepSpeed's tuner does not run recipes", "try sizes with `--dry-run` and `train_iters`"
    ),
    "checkpoint": _CHECKPOINT,
    "comet": "use the section `wandb` or `mlflow` of the recipe",
    "comms_logger": _SHOWN,
    "compile": "set `torch_compile` at the top of the recipe",
    "compression_training": _EXACT,
    "csv_monitor": "set `train_log_metrics_path`",
    "curriculum_learning": _LOADER,
    "data_efficiency": _LOADER,
    "data_types": because("gradients are added up in `dtype` of `model`", "remove it"),
    "dataloader_drop_last": _LOADER,
    "datastates": _CHECKPOINT,
    "disable_allgather": _OUT,
    "disable_python_gc": _OUT,
    "dump_state": "set `level: DEBUG` of `logger`",
    "eigenvalue": _EXACT,
    "elasticity": "start the run with `torchrun --nnodes MIN:MAX`; it resumes with `auto_resume`",
    "expert_parallel": because("expert parallelism is not supported yet"),
    "flops_profiler": _SHOWN,
    "fp32_allreduce": "set `communication_data_type: fp32`",
    "gradient_accumulation_steps": "set it at the top of the recipe",
    "gradient_allreduce_op": because(
        "the loss of a global batch is a sum over all processes", "remove it"
    ),
    "gradient_predivide_factor": because(
        "gradients are summed before they are divided", "remove it"
    ),
    "hybrid_engine": because("no trainer generates while it trains", "remove it"),
    "log_level": "set `level` of `logger`",
    "managed_gradient_accumulation": because("the runtime accumulates itself", "remove it"),
    "memory_breakdown": "set `mem_profiler`",
    "nebula": _CHECKPOINT,
    "optimizer": "use the section `optimizer` of the recipe",
    "pipeline": _SHARDED,
    "progressive_layer_drop": _EXACT,
    "quantize_training": _EXACT,
    "scheduler": "use the section `scheduler` of the recipe",
    "sparse_attention": "set `attn_implementation` of `model`",
    "sparse_gradients": _EXACT,
    "tensor_parallel": _SHARDED,
    "tensorboard": "set `train_log_tensorboard_dir`",
    "timers": _SHOWN,
    "train_batch_size": because(
        "it follows from `micro_batch_size`, accumulation and processes", "remove it"
    ),
    "train_micro_batch_size_per_gpu": "set `micro_batch_size` at the top of the recipe",
    "use_data_before_expert_parallelism": because("expert parallelism is not supported yet"),
    "vocabulary_size": _OUT,
    "wandb": "use the section `wandb` of the recipe",
    "weight_quantization": _EXACT,
    "zero_allow_untested_optimizer": because("every optimizer of a recipe is allowed", "remove it"),
    "zero_force_ds_cpu_optimizer": because(
        "offloading needs the optimizer `cpu_adam`", "remove it"
    ),
}
"""Keys of DeepSpeed that the recipe states elsewhere, and those of what is not built."""

REFUSED_FP16: Final[Mapping[str, str]] = {
    "auto_cast": because("no input is of another precision", "remove it"),
    "consecutive_hysteresis": _SCALED,
    "fp16_master_weights_and_grads": _FP32,
}
"""Keys of DeepSpeed's section `fp16`."""

REFUSED_BF16: Final[Mapping[str, str]] = {
    "bf16_master_weights_and_grads": _FP32,
    "bf16_optimizer_states": _FP32,
    "check_grad_overflow": because("gradients that are not finite always end the run", "remove it"),
    "immediate_grad_update": because("gradients are reduced at the end of a step", "remove it"),
}
"""Keys of DeepSpeed's section `bf16`."""
