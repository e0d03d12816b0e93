"""Embedding and head of a model: grown to a larger vocabulary, and untied."""

from __future__ import annotations

from typing import cast

import torch
import transformers
from torch import Tensor, nn

__all__ = ["grow_embeddings", "untie_embeddings"]


@torch.no_grad()
def grow_embeddings(model: transformers.PreTrainedModel, size: int) -> None:
    """Add rows to the embedding and the head up to a size, each the mean of those before.

    Nothing is drawn at random, so that every process and every resumed run adds the same. A tied
    head stays tied. A model that is large enough is left as it is.
    """
    before = cast("nn.Embedding", model.get_input_embeddings()).num_embeddings
    if size <= before:
        return
    model.resize_token_embeddings(size, mean_resizing=False)
    head = model.get_output_embeddings()
    weights: list[object] = [model.get_input_embeddings().weight]
    weights += [getattr(head, name, None) for name in ("weight", "bias")]
    for weight in (each for each in weights if isinstance(each, Tensor)):
        weight[before:] = weight[:before].float().mean(dim=0).to(weight.dtype)


@torch.no_grad()
def untie_embeddings(model: transformers.PreTrainedModel) -> None:
    """Give a model whose head is tied to its embedding a head of its own, equal to begin with."""
    head = model.get_output_embeddings()
    if head is not None:
        head.weight = nn.Parameter(cast("Tensor", head.weight).clone())
    for config in (model.config, model.config.get_text_config()):
        config.tie_word_embeddings = False
