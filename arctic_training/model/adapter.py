"""Adapters inside a model: added, detected, and merged into it."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import torch
import transformers
from torch import Tensor

from arctic_training.config.adapter import AdapterConfig
from arctic_training.model.peft import adapted, peft_config

if TYPE_CHECKING:
    from peft import PeftConfig

__all__ = ["add_adapter", "has_adapter", "merge_adapter", "quiet_peft"]


def add_adapter(model: transformers.PreTrainedModel, section: AdapterConfig) -> None:
    """Add an adapter to a model, in its precision; only the adapter is trained from here on.

    Raises:
        ValueError: the model has no such layers.

    """
    with quiet_peft():
        model.add_adapter(peft_config(section))


def has_adapter(model: transformers.PreTrainedModel) -> bool:
    """Return whether an adapter was added to a model."""
    return bool(getattr(model, "_hf_peft_config_loaded", False))


def merge_adapter(
    model: transformers.PreTrainedModel, weights: Mapping[str, Tensor]
) -> transformers.PreTrainedModel:
    """Return a copy of a model with its adapter merged into the weights.

    Weights that the model ties, such as embedding and head, stay tied if the adapter leaves them
    equal. Otherwise the copy's configuration says that they are not.

    Args:
        model: the model with its adapter, whose weights may be sharded; it is not changed.
        weights: its full weights by name, those of a tied pair under both names.

    """
    configs = cast("dict[str, PeftConfig]", copy.deepcopy(dict(model.peft_config)))
    config = copy.deepcopy(model.config)
    with torch.device("meta"), quiet_peft():
        twin = adapted(type(model)(config), configs)
    # Assigning unties: the twin holds a tensor for each name, whichever of a pair PEFT wraps.
    twin.model.load_state_dict(weights, assign=True)
    with quiet_peft():
        # The safe way makes new tensors: those that are given may be the trained model's own.
        merged = cast("transformers.PreTrainedModel", twin.merge_and_unload(safe_merge=True))
    _set_tied(merged, is_tied=bool(model.config.tie_word_embeddings))
    _tie_if_equal(merged)
    if model.can_generate():
        merged.generation_config = copy.deepcopy(model.generation_config)
    return merged


def _tie_if_equal(model: transformers.PreTrainedModel) -> None:
    """Tie the weights that a model's configuration ties; if they differ, correct the latter."""
    pairs = model.get_expanded_tied_weights_keys(all_submodels=True).items()
    if all(torch.equal(*map(model.get_parameter, pair)) for pair in pairs):
        model.tie_weights()
    else:
        _set_tied(model, is_tied=False)


def _set_tied(model: transformers.PreTrainedModel, *, is_tied: bool) -> None:
    for config in (model.config, model.config.get_text_config()):
        config.tie_word_embeddings = is_tied


@contextmanager
def quiet_peft() -> Iterator[None]:
    """Ignore PEFT's warnings about adapters on tied layers, which our exports untie."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield
