"""What a recipe must say beside `resize_embeddings`, so that new rows are trained and exported."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import transformers
from torch import nn

from arctic_training.config.adapter import AdapterConfig
from arctic_training.config.checkpoint import HFCheckpointConfig
from arctic_training.config.trainer import TrainerConfig
from arctic_training.errors import RecipeError

__all__ = ["OWN", "RESIZE", "export_problems", "untrained_embeddings"]

OWN: Final = "set `tokenizer: {type: huggingface}` without a name: that is the model's own"
"""How to train a model with the tokenizer that it comes with."""

RESIZE: Final = "set `resize_embeddings: true` to add rows for them"
"""How to use tokens that a model has no embedding for."""


def export_problems(recipe: TrainerConfig) -> Iterator[RecipeError]:
    """Iterate over exports of an adapter alone, which does not fit a base without the new rows."""
    for number, section in enumerate(recipe.checkpoint):
        if not isinstance(section, HFCheckpointConfig):
            continue
        if section.enabled and not section.merge_adapter:
            message = "an adapter on a resized embedding cannot be loaded onto its base"
            place = ("checkpoint", number, "merge_adapter")
            hint = "set `merge_adapter: true`"
            yield RecipeError(place, message, code="conflict", hint=hint)


def untrained_embeddings(model: transformers.PreTrainedModel, adapter: AdapterConfig) -> list[str]:
    """Return the names of embedding and head, where an adapter leaves them as they are."""
    layers = (model.get_input_embeddings(), model.get_output_embeddings())
    names = (_name(model, layer) for layer in layers if layer is not None)
    return [name.rsplit(".", 1)[-1] for name in names if not _is_trained(name, adapter)]


def _name(model: nn.Module, layer: nn.Module) -> str:
    modules: Iterable[tuple[str, nn.Module]] = model.named_modules()
    return next(name for name, module in modules if module is layer)


def _is_trained(name: str, adapter: AdapterConfig) -> bool:
    targets = adapter.target_modules
    if isinstance(targets, str) and re.fullmatch(targets, name):
        return True
    ends = [*(targets if isinstance(targets, tuple) else ()), *(adapter.modules_to_save or ())]
    return any(f".{name}".endswith(f".{end}") for end in ends)
