"""Keys, types and words of other tools, and their names here."""

from __future__ import annotations

from typing import Final

__all__ = ["FOREIGN_KEYS", "FOREIGN_TYPES", "FOREIGN_WORDS", "foreign_type"]

_EXPERTS: Final = "experts are trained like other weights: leave out `_moe`"
_ADAMW: Final = "write `type: fused_adam`, which is AdamW"
_NO_QUANTISED: Final = "states are never quantised here: write `type: fused_adam` or `cpu_adam`"
_NAMED: Final = "write `name: {}`: it is a schedule of `type: huggingface`"
_FILES: Final = "give the file as `name_or_path`; its ending says what it is"
_KNOWN_SET: Final = "give the data set as `name_or_path` of a source"

FOREIGN_TYPES: Final = {
    "HuggingFaceH4/ultrafeedback_binarized": _KNOWN_SET,
    "ProjectGutenbergSFT": "it has no answers to train: a `causal` trainer takes its column `text`",
    **dict.fromkeys(("adam", "adamw", "adamw_torch", "adamw_torch_fused", "adamw_hf"), _ADAMW),
    **dict.fromkeys(("fusedadam", "torch_adam", "adamw_apex_fused"), _ADAMW),
    **dict.fromkeys(("adamw_8bit", "paged_adamw_8bit", "adamw_bnb_8bit"), _NO_QUANTISED),
    **dict.fromkeys(("paged_adamw_32bit", "paged_adamw"), "write `type: cpu_adam`"),
    **{name: _NAMED.format(name) for name in ("cosine", "linear", "constant", "polynomial")},
    **{name: _NAMED.format(name) for name in ("constant_with_warmup", "cosine_with_restarts")},
    **dict.fromkeys(("json", "jsonl", "csv", "tsv", "parquet", "text", "arrow"), _FILES),
    **dict.fromkeys(("hf", "transformers", "auto", "automodel"), "write `type: huggingface`"),
    **dict.fromkeys(("autotokenizer", "autotokenizerfast"), "write `type: huggingface`"),
    "cpu_adam_moe": _EXPERTS,
    "fused_adam_moe": _EXPERTS,
    "liger": "Liger's kernels are not built in: write `type: huggingface`, which trains the same",
    "wds": "write `type: wsd`",
}
"""Advice for types of other tools, by their `type`."""

FOREIGN_KEYS: Final = {
    "accumulation_steps": "gradient_accumulation_steps",
    "adam_beta1": "optimizer.betas",
    "adam_beta2": "optimizer.betas",
    "adam_epsilon": "optimizer.eps",
    "adapter": "model.peft_config",
    "assistant_only_loss": "data.mask_inputs",
    "attention": "model.attn_implementation",
    "base_model": "model.name_or_path",
    "batch_size": "micro_batch_size",
    "bf16": "model.dtype",
    "clip_grad": "deepspeed.gradient_clipping",
    "completion_only_loss": "data.mask_inputs",
    "context_length": "data.max_length",
    "cutoff_len": "data.max_length",
    "dataloader_num_workers": "data.dl_num_workers",
    "dataset": "data.sources.name_or_path",
    "dataset_name": "data.sources.name_or_path",
    "dataset_num_proc": "data.num_proc",
    "dataset_path": "data.sources.name_or_path",
    "dataset_prepared_path": "data.cache_dir",
    "datasets": "data.sources",
    "eval_batch_size": "micro_batch_size",
    "eval_dataset": "data.eval_sources",
    "eval_steps": "eval_interval",
    "eval_strategy": "eval_interval",
    "evals_per_epoch": "eval_interval",
    "evaluation_steps": "eval_interval",
    "flash_attention": "model.attn_implementation",
    "fp16": "model.dtype",
    "grad_clip": "deepspeed.gradient_clipping",
    "gradient_checkpointing": "model.disable_activation_checkpoint",
    "load_best_model_at_end": "checkpoint.keep_best",
    "log_interval": "train_log_iter_interval",
    "logging_dir": "train_log_tensorboard_dir",
    "logging_steps": "train_log_iter_interval",
    "lora": "model.peft_config",
    "lora_alpha": "model.peft_config.lora_alpha",
    "lora_dropout": "model.peft_config.lora_dropout",
    "lora_r": "model.peft_config.r",
    "lora_rank": "model.peft_config.r",
    "lora_target_linear": "model.peft_config.target_modules",
    "lora_target_modules": "model.peft_config.target_modules",
    "lr": "optimizer.learning_rate",
    "lr_scheduler": "scheduler.name",
    "lr_scheduler_type": "scheduler.name",
    "max_grad_norm": "deepspeed.gradient_clipping",
    "max_iters": "train_iters",
    "max_seq_len": "data.max_length",
    "max_seq_length": "data.max_length",
    "max_steps": "train_iters",
    "max_train_steps": "train_iters",
    "metric_for_best_model": "checkpoint.best_metric",
    "model_id": "model.name_or_path",
    "model_name": "model.name_or_path",
    "model_name_or_path": "model.name_or_path",
    "model_path": "model.name_or_path",
    "num_epochs": "epochs",
    "num_steps": "train_iters",
    "num_train_epochs": "epochs",
    "optim": "optimizer.type",
    "output": "checkpoint.output_dir",
    "output_dir": "checkpoint.output_dir",
    "output_path": "checkpoint.output_dir",
    "packing": "data.pack_samples",
    "per_device_eval_batch_size": "micro_batch_size",
    "per_device_train_batch_size": "micro_batch_size",
    "report_to": "wandb.enable",
    "resume_from_checkpoint": "checkpoint.auto_resume",
    "run_name": "wandb.name",
    "sample_packing": "data.pack_samples",
    "save_dir": "checkpoint.output_dir",
    "save_interval": "checkpoint.save_every_n_steps",
    "save_steps": "checkpoint.save_every_n_steps",
    "save_strategy": "checkpoint.save_every_n_steps",
    "save_total_limit": "checkpoint.keep_last",
    "saves_per_epoch": "checkpoint.save_every_n_epochs",
    "seq_len": "data.max_length",
    "seq_length": "data.max_length",
    "sequence_len": "data.max_length",
    "sequence_length": "data.max_length",
    "test_datasets": "data.eval_sources",
    "tokenizer_name": "tokenizer.name_or_path",
    "torch_dtype": "model.dtype",
    "train_batch_size": "micro_batch_size",
    "train_dataset": "data.sources",
    "train_file": "data.sources.name_or_path",
    "train_on_inputs": "data.mask_inputs",
    "use_flash_attention_2": "model.attn_implementation",
    "use_lora": "model.peft_config",
    "use_peft": "model.peft_config",
    "val_file": "data.eval_sources",
    "val_interval": "eval_interval",
    "val_set_size": "data.train_eval_split",
    "wandb_entity": "wandb.entity",
    "wandb_name": "wandb.name",
    "wandb_project": "wandb.project",
    "warmup_steps": "scheduler.num_warmup_steps",
    "zero_stage": "deepspeed.zero_optimization.stage",
}
"""The key of a recipe that corresponds to a key of another tool."""

FOREIGN_WORDS: Final = {
    **dict.fromkeys(("average", "avg"), "mean"),
    **dict.fromkeys(("bool", "flag"), "boolean"),
    **dict.fromkeys(("dict", "map", "mapping"), "object"),
    **dict.fromkeys(("double", "float", "float32"), "number"),
    "int": "integer",
    **dict.fromkeys(("list", "sequence", "tuple"), "array"),
    **dict.fromkeys(("str", "text"), "string"),
    "total": "sum",
}
"""Words of JSON Schema and of definitions, by those of Python and other tools."""


def foreign_type(name: str) -> str:
    """Return what to write for a type of another tool; empty if none has it."""
    return FOREIGN_TYPES.get(name) or FOREIGN_TYPES.get(name.casefold(), "")
