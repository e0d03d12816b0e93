"""The layers that an adapter is for, by the names that a recipe gives them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from torch import nn
from transformers.pytorch_utils import Conv1D

from arctic_training.config.adapter import AdapterConfig
from arctic_training.diagnostics import did_you_mean, known_words
from arctic_training.errors import Pointer, RecipeError

__all__ = ["unknown_layers"]

_ALL: Final = "all-linear"


def unknown_layers(model: nn.Module, section: AdapterConfig) -> Iterator[RecipeError]:
    """Iterate over the names in the section of an adapter that no layer of a model has.

    The weights of the model are not looked at. The pointers begin at the section.
    """
    names = [name for name, _ in model.named_modules() if name]
    linear = {
        name.rpartition(".")[2]
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Linear | Conv1D)
    }
    targets = section.target_modules
    if isinstance(targets, str):
        yield from _unmatched(targets, names, linear)
    for field, wanted in (
        ("target_modules", targets),
        ("modules_to_save", section.modules_to_save),
    ):
        for number, end in enumerate(wanted if isinstance(wanted, tuple) else ()):
            if not any(f".{name}".endswith(f".{end}") for name in names):
                yield _unknown((field, number), f"the model has no layer `{end}`", end, linear)


def _unmatched(pattern: str, names: list[str], linear: set[str]) -> Iterator[RecipeError]:
    """Report a string that matches no name: PEFT takes it for a pattern of the whole name."""
    try:
        found = pattern == _ALL or any(re.fullmatch(pattern, name) for name in names)
    except re.error as error:
        message = f"`{pattern}` is not a regular expression: {error}"
        yield RecipeError(("target_modules",), message, code="malformed")
        return
    if not found and pattern in linear:
        message = f"`{pattern}` is not the whole name of a layer"
        hint = f"write `[{pattern}]`: a string is a regular expression of the whole name"
        yield RecipeError(("target_modules",), message, code="not-found", hint=hint)
    elif not found:
        message = f"`{pattern}` matches the name of no layer"
        yield _unknown(("target_modules",), message, pattern, linear)


def _unknown(pointer: Pointer, message: str, name: str, linear: set[str]) -> RecipeError:
    hint = did_you_mean(name, linear, f"linear layers: {known_words(linear)}")
    return RecipeError(pointer, message, code="not-found", hint=hint)
