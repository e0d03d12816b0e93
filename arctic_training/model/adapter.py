"""Adapters inside a model: added, told apart from what they adapt, and merged into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
import transformers
from torch import Tensor

from arctic_training.config.adapter import LoRAConfig

__all__ = ["add_adapter", "has_adapter", "merged"]


def add_adapter(model: transformers.PreTrainedModel, section: LoRAConfig) -> None:
    """Add an adapter to a model, in its precision; only the adapter is trained from here on.

    Raises:
        ValueError: the model has no such layers.

    """
    from peft import LoraConfig

    names = section.target_modules
    model.add_adapter(
        LoraConfig(
            task_type=section.task_type,
            r=section.r,
            lora_alpha=section.lora_alpha,  # type: ignore[arg-type]  # it is only divided by r
            use_rslora=section.use_rslora,
            lora_dropout=section.lora_dropout,
            target_modules=list(names) if isinstance(names, tuple) else names,
            modules_to_save=list(section.modules_to_save) if section.modules_to_save else None,
            bias=section.bias,
        )
    )


def has_adapter(model: transformers.PreTrainedModel) -> bool:
    """Return whether an adapter was added to a model."""
    return bool(getattr(model, "_hf_peft_config_loaded", False))


def merged(
    model: transformers.PreTrainedModel, weights: Mapping[str, Tensor]
) -> transformers.PreTrainedModel:
    """Return the model that an adapter makes of another, as if it had never had one.

    Args:
        model: the model with its adapter, whose weights may be spread out; it stays as it is.
        weights: its weights, whole.

    """
    from peft import LoraModel, PeftConfig

    configs = cast("dict[str, PeftConfig]", dict(model.peft_config))
    with torch.device("meta"):
        twin = LoraModel(type(model)(model.config), configs, "default")
    twin.model.load_state_dict(weights, assign=True)
    twin.model.tie_weights()
    # The safe way makes new weights: those that are given may be the trained model's own.
    return cast("transformers.PreTrainedModel", twin.merge_and_unload(safe_merge=True))
