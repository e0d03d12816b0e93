"""The configuration that a model comes with, and what a recipe changes in it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Final

import transformers
from huggingface_hub.errors import StrictDataclassError
from pydantic import JsonValue

from arctic_training.diagnostics import did_you_mean
from arctic_training.errors import RecipeError

__all__ = ["changed_configuration", "configuration_problems"]

_ELSEWHERE: Final = {
    "_attn_implementation": "set `attn_implementation` of the section",
    "attn_implementation": "set `attn_implementation` of the section",
    "dtype": "set `dtype` of the section",
    "torch_dtype": "set `dtype` of the section",
    "vocab_size": "set `resize_embeddings: true` to add rows for the tokenizer's tokens",
}
"""Keys that the recipe says elsewhere."""

_LABELS: Final = {"id2label", "label2id", "num_labels"}
"""Keys of models with a head for labels; of the others they change nothing."""

_FIXED: Final = {"architectures", "model_type", "transformers_version"}
"""Keys that say which configuration it is."""


def configuration_problems(
    found: transformers.PretrainedConfig, changes: Mapping[str, JsonValue], *, has_labels: bool
) -> Iterator[RecipeError]:
    """Iterate over what is wrong with changes; pointers begin at them.

    With ``has_labels``, the model has a head of its own, and ``num_labels`` is its size.

    The names are checked here; the values, and how they fit together, by transformers.
    """
    keys = [key for key in changes if key not in _LABELS]
    problems = [problem for key in keys if (problem := _unknown(found, key))]
    problems += [] if has_labels else map(_without_labels, changes.keys() & _LABELS)
    if changes.get("tie_word_embeddings") and not found.tie_word_embeddings:
        message = "the model has a head of its own, which would be lost"
        problems.append(RecipeError(("tie_word_embeddings",), message, code="conflict"))
    changed = copy.deepcopy(found)
    for key, value in changes.items():
        try:
            setattr(changed, key, value)
        except StrictDataclassError as error:
            problems.append(RecipeError((key,), _reason(error), code="wrong-type"))
    if not problems:
        try:
            changed.validate()
        except StrictDataclassError as error:
            problems.append(RecipeError((), _reason(error), code="conflict"))
    yield from problems


def changed_configuration(
    found: transformers.PretrainedConfig, changes: Mapping[str, JsonValue]
) -> transformers.PretrainedConfig:
    """Return the configuration with its changes, which have no problems."""
    changed = copy.deepcopy(found)
    for key, value in changes.items():
        setattr(changed, key, value)
    return changed


def _unknown(found: transformers.PretrainedConfig, key: str) -> RecipeError | None:
    if key in _ELSEWHERE:
        message = f"`{key}` has a place of its own in a recipe"
        return RecipeError((key,), message, code="misplaced-key", hint=_ELSEWHERE[key])
    known = {name for name in found.to_dict() if not name.startswith("_")}
    known = {*known, *found.attribute_map} - _FIXED - _ELSEWHERE.keys()
    if key in known:
        return None
    message = f"the configuration of a `{found.model_type}` model has no `{key}`"
    return RecipeError((key,), message, code="unknown-key", hint=did_you_mean(key, known))


def _without_labels(key: str) -> RecipeError:
    message = f"`{key}` has no effect on a causal language model"
    hint = "choose `type: huggingface_reward`, whose head has `num_labels` outputs"
    return RecipeError((key,), message, code="conflict", hint=hint)


def _reason(error: StrictDataclassError) -> str:
    """Return what transformers says of a value, without where in its own code."""
    return str(error).strip().splitlines()[-1].strip().partition(": ")[2]
