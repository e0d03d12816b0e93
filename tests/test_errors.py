"""Exceptions of the runtime, as other processes see them."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest

import arctic_training.errors
from arctic_training.api import load_recipe
from arctic_training.errors import (
    ArcticTrainingError,
    InvalidRecipeError,
    RecipeError,
    RegistryError,
    TrainingError,
    UnusableRecipeError,
)


def _invalid() -> InvalidRecipeError:
    with pytest.raises(InvalidRecipeError) as raised:
        load_recipe({"type": "sft", "modle": 1})
    return raised.value


def _known() -> list[ArcticTrainingError]:
    problem = RecipeError(("data", 0), "is wrong", code="in-use", hint="mend it")
    several = UnusableRecipeError([problem, problem])
    return [problem, several, TrainingError("no", hint="h"), RegistryError("no"), _invalid()]


def test_all_kinds_are_tried() -> None:
    """Every exception of the module is among those that are pickled here."""
    names = {type(error).__name__ for error in _known()} | {"ArcticTrainingError"}
    assert names == set(arctic_training.errors.__all__) - {"Pointer"}


@pytest.mark.parametrize("again", [lambda e: pickle.loads(pickle.dumps(e)), copy.deepcopy])  # noqa: S301 - our own
def test_errors_survive_pickling(
    again: Callable[[ArcticTrainingError], ArcticTrainingError],
) -> None:
    """As Ray and process pools send them: with their text, and all that they know."""
    for error in _known():
        remade = again(error)
        assert type(remade) is type(error)
        assert (str(remade), remade.args) == (str(error), error.args)
        assert repr(vars(remade)) == repr(vars(error))
