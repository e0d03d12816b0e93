"""What every model of transformers gets from its section: a precision, and activations to spare."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

import torch
import transformers
from torch import nn

from arctic_training.config.model import ModelConfig

__all__ = ["DTYPES", "with_activation_checkpoints"]

P = ParamSpec("P")
R = TypeVar("R")

_COMPUTING: Final = "_gradient_checkpointing_func"
"""What a module of transformers computes its layers by, so that they can be computed again."""

DTYPES: Final = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}


def with_activation_checkpoints(
    model: nn.Module, config: ModelConfig, *, offload: bool = False
) -> nn.Module:
    """Let the model compute activations again in the backward pass, if the recipe lets it.

    With ``offload``, the inputs of its layers, from which it does, wait in the CPU's memory.
    """
    if isinstance(model, transformers.PreTrainedModel) and not config.disable_activation_checkpoint:
        model.activation_checkpointing_enable({"use_reentrant": False})
        for module in model.modules() if offload else ():
            if (computed := vars(module).get(_COMPUTING)) is not None:
                setattr(module, _COMPUTING, _offloading(computed))
    return model


def _offloading(computed: Callable[P, R]) -> Callable[P, R]:
    """Return what computes a layer and keeps what it saves, its inputs, on the CPU."""

    @wraps(computed)
    def offloaded(*args: P.args, **kwargs: P.kwargs) -> R:
        with torch.autograd.graph.save_on_cpu(pin_memory=torch.cuda.is_available()):
            return computed(*args, **kwargs)

    return offloaded
