"""Generated recipe schemas, checked by the reference implementation of JSON Schema."""

from __future__ import annotations

import pytest

from arctic_training.codegen import independent_check
from arctic_training.definition.stages import Loaded, read_definitions
from tests.support import ROOT


def _loaded() -> list[Loaded]:
    paths = [ROOT / f"schemas/trainers/{name}.yaml" for name in ("causal", "dpo", "sft")]
    loaded, problems = read_definitions(paths)
    assert problems == []
    return loaded


def test_built_in_schemas_and_starter_recipes_agree() -> None:
    """Each built-in's schema is draft-07, and its starter recipe keeps it."""
    assert [each for item in _loaded() for each in independent_check.schema_problems(item)] == []


def test_a_schema_that_is_not_draft_7_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A keyword with a value that draft-07 does not allow is one finding with its place."""
    monkeypatch.setattr(independent_check, "recipe_schema", lambda _spec: '{"type": 3}')
    (problem,) = independent_check.schema_problems(_loaded()[0])
    assert problem.message.startswith("the recipe schema is not draft-07: $.type: 3 is not valid")


def test_a_starter_recipe_that_breaks_its_schema_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value of the starter recipe that its schema refuses is one finding with its place."""
    recipe = (
        "{type: causal, micro_batch_size: soon, model: {type: random_llama}, data: {sources: [x]}}"
    )
    monkeypatch.setattr(independent_check, "starter_recipe", lambda *_: recipe)
    (problem,) = independent_check.schema_problems(_loaded()[0])
    place = "the starter recipe breaks its schema: $.micro_batch_size: 'soon' does not match"
    assert problem.message.startswith(place)
