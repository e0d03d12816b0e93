"""Factories, and how they point at the recipe."""

from __future__ import annotations

import pytest

from arctic_training.errors import RecipeError, UnusableRecipeError
from tests.tiny import HandTrainer, hand_config


def test_problem_points_at_the_section() -> None:
    """A factory's error leads through keys and indices to the field of its own section."""
    checkpoint = [{"output_dir": f"/dev/null/{n}", "enabled": n > 0} for n in range(3)]
    with pytest.raises(UnusableRecipeError) as caught:
        HandTrainer(hand_config(checkpoint=checkpoint, model={"hidden_size": 33}))
    assert [(problem.pointer, problem.code) for problem in caught.value.problems] == [
        (("model", "hidden_size"), "out-of-range"),
        (("checkpoint", 1, "output_dir"), "not-writable"),
        (("checkpoint", 2, "output_dir"), "not-writable"),
    ]


def test_error_names_its_place() -> None:
    """As text, an error begins with its place; an error of a section moves with the section."""
    error = RecipeError(("split",), "there is none", code="x", hint="y")
    moved = error.below(("data", "sources", 1))
    assert str(moved) == "data.sources.1.split: there is none"
    assert (moved.code, moved.hint) == ("x", "y")
    assert str(RecipeError((), "broken")) == "broken"
