"""What every model of transformers gets from its section: a precision, and activations to spare."""

from __future__ import annotations

from typing import Final

import torch
import transformers
from torch import nn

from arctic_training.config.model import ModelConfig

__all__ = ["DTYPES", "with_activation_checkpoints"]

DTYPES: Final = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}


def with_activation_checkpoints(model: nn.Module, config: ModelConfig) -> nn.Module:
    """Let the model compute activations again in the backward pass, if the recipe lets it."""
    if isinstance(model, transformers.PreTrainedModel) and not config.disable_activation_checkpoint:
        model.activation_checkpointing_enable({"use_reentrant": False})
    return model
