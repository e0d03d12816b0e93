"""What users of other tools write, and what it is called here."""

from __future__ import annotations

from typing import Final

__all__ = ["FOREIGN_KEYS", "FOREIGN_TYPES"]

_EXPERTS: Final = "experts are trained like other weights: leave out `_moe`"
_KNOWN_SET: Final = "give the data set as `name_or_path` of a source"

FOREIGN_TYPES: Final = {
    "HuggingFaceH4/ultrafeedback_binarized": _KNOWN_SET,
    "ProjectGutenbergSFT": _KNOWN_SET,
    "cpu_adam_moe": _EXPERTS,
    "fused_adam_moe": _EXPERTS,
    "liger": "Liger's kernels are not built in: write `type: huggingface`, which trains the same",
    "wds": "write `type: wsd`",
}
"""What to do instead of each, by what stands under `type`."""

FOREIGN_KEYS: Final = {
    "accumulation_steps": "gradient_accumulation_steps",
    "adam_beta1": "optimizer.betas",
    "adam_beta2": "optimizer.betas",
    "adam_epsilon": "optimizer.eps",
    "attention": "model.attn_implementation",
    "base_model": "model.name_or_path",
    "batch_size": "micro_batch_size",
    "bf16": "model.dtype",
    "clip_grad": "deepspeed.gradient_clipping",
    "context_length": "data.max_length",
    "cutoff_len": "data.max_length",
    "dataloader_num_workers": "data.dl_num_workers",
    "dataset": "data.sources.name_or_path",
    "dataset_name": "data.sources.name_or_path",
    "dataset_path": "data.sources.name_or_path",
    "datasets": "data.sources",
    "eval_steps": "eval_interval",
    "evaluation_steps": "eval_interval",
    "flash_attention": "model.attn_implementation",
    "fp16": "model.dtype",
    "grad_clip": "deepspeed.gradient_clipping",
    "gradient_checkpointing": "model.disable_activation_checkpoint",
    "lora": "model.peft_config",
    "lora_alpha": "model.peft_config.lora_alpha",
    "lora_dropout": "model.peft_config.lora_dropout",
    "lora_r": "model.peft_config.r",
    "lora_rank": "model.peft_config.r",
    "lora_target_modules": "model.peft_config.target_modules",
    "logging_steps": "train_log_iter_interval",
    "lr": "optimizer.learning_rate",
    "lr_scheduler": "scheduler.name",
    "lr_scheduler_type": "scheduler.name",
    "max_grad_norm": "deepspeed.gradient_clipping",
    "max_seq_len": "data.max_length",
    "max_seq_length": "data.max_length",
    "max_steps": "train_iters",
    "model_id": "model.name_or_path",
    "model_name": "model.name_or_path",
    "model_name_or_path": "model.name_or_path",
    "model_path": "model.name_or_path",
    "num_epochs": "epochs",
    "num_steps": "train_iters",
    "num_train_epochs": "epochs",
    "optim": "optimizer.type",
    "output": "checkpoint.output_dir",
    "output_path": "checkpoint.output_dir",
    "packing": "data.pack_samples",
    "per_device_eval_batch_size": "micro_batch_size",
    "per_device_train_batch_size": "micro_batch_size",
    "run_name": "wandb.name",
    "sample_packing": "data.pack_samples",
    "save_dir": "checkpoint.output_dir",
    "save_steps": "checkpoint.save_every_n_steps",
    "save_total_limit": "checkpoint.keep_last",
    "sequence_len": "data.max_length",
    "sequence_length": "data.max_length",
    "tokenizer_name": "tokenizer.name_or_path",
    "torch_dtype": "model.dtype",
    "train_batch_size": "micro_batch_size",
    "train_file": "data.sources.name_or_path",
    "train_on_inputs": "data.mask_inputs",
    "use_lora": "model.peft_config",
    "val_file": "data.eval_sources",
    "val_interval": "eval_interval",
    "warmup_steps": "scheduler.num_warmup_steps",
    "zero_stage": "deepspeed.zero_optimization.stage",
}
"""The key of a recipe that says the same as a key of another tool, or as good as."""
