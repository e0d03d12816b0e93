"""No verdict of safety where a recipe of before is refused, or means something else."""

from __future__ import annotations

import json
from functools import reduce
from operator import or_
from pathlib import Path
from random import Random
from typing import cast

import pytest

from arctic_training.breaking.compare import breaks
from arctic_training.breaking.rule import Contract
from arctic_training.codegen.recipe_schema import recipe_schema
from arctic_training.definition.definition import Definition
from arctic_training.definition.fields.sample_values import sample
from arctic_training.diagnostics import Source, has_errors
from arctic_training.document import JSON, parse, plain
from arctic_training.validation import Schema, check, completed
from arctic_training.validation.shared_sections import self_contained
from tests.breaking.changed import changed_definitions

_PATH: dict[str, JSON] = {"path": "x"}
_VALUES: list[JSON] = [
    None, True, 0, 1, -1, 2.5, "2k", "a", "fast", "exact", "https://example.org", [], [1], [1, 1],
    [0.5], [-1], [1, ["2"]], {}, {"a": 1}, {"a": 0.5}, {"low": 1}, {"low": -1, "high": 2},
    {"kind": "flat"}, {"kind": "bent", "range": {"high": 3}}, _PATH, _PATH | {"layers": [3]},
    _PATH | {"weights": {}}, {"type": "random_llama"}, {"name_or_path": "x"},
    {"type": "huggingface", "name_or_path": "x"},
]  # fmt: skip
_LEAST: dict[str, JSON] = {
    "model": {"type": "random_llama"},
    "data": {"sources": {"type": "python_docs"}},
    "ref_model": {"type": "random_llama"},
}


def _recipes(spec: Definition) -> list[dict[str, JSON]]:
    """Return recipes of a trainer: the least, and that with one more value of each key."""
    least = {field.name: sample(field.type) for field in spec.fields if field.is_required}
    keys = [*(field.name for field in spec.fields), "ref_model", "model"]
    whole = {"type": spec.name} | _LEAST | least
    return [whole, *(whole | {key: value} for key in keys for value in _VALUES)]


def _joined(recipes: list[dict[str, JSON]]) -> list[dict[str, JSON]]:
    """Return recipes that give the keys of all others, each with the value of one of these."""
    random = Random(0)  # noqa: S311 - the same recipes each time
    return [reduce(or_, random.sample(recipes, len(recipes))) for _ in range(10)]


def _read(recipe: dict[str, JSON], schema: Schema) -> JSON | None:
    """Return what a recipe says, by today's names and with its numbers; None if it is refused."""
    node, _ = parse(Source("recipe.json", json.dumps(recipe)))
    assert node is not None
    return None if has_errors(check(node, schema)) else plain(completed(node, schema))


@pytest.mark.parametrize(
    "count", [30, pytest.param(300, marks=pytest.mark.full)], ids=["some", "all"]
)
def test_a_recipe_that_is_refused_is_never_called_safe(count: int, tmp_path: Path) -> None:
    """Where nothing breaks recipes, every recipe that was taken before is taken."""
    safe = 0
    for old, new in changed_definitions(tmp_path, count):
        if [*breaks([old], [new], Contract.RECIPE)]:
            continue
        safe += 1
        before, now = (Schema(_schema(spec)) for spec in (old, new))
        single = [recipe for recipe in _recipes(old) if _read(recipe, before) is not None]
        taken = single + [r for r in _joined(single) if _read(r, before) is not None]
        assert len(taken) > 20
        assert [recipe for recipe in taken if _read(recipe, now) is None] == []
    assert safe > count / 8


def _schema(spec: Definition) -> dict[str, JSON]:
    return self_contained(json.loads(recipe_schema(spec)))


def _defaults(spec: Definition) -> JSON:
    rules = cast("dict[str, dict[str, JSON]]", _schema(spec)["properties"])
    return {key: rule["default"] for key, rule in rules.items() if "default" in rule}


def test_a_default_that_changed_is_never_called_safe(tmp_path: Path) -> None:
    """A key of both definitions whose default differs breaks a rule of recipes."""
    for old, new in changed_definitions(tmp_path, 100):
        before, now = (cast("dict[str, JSON]", _defaults(spec)) for spec in (old, new))
        kept = before.keys() & now.keys()
        if any(before[key] != now[key] for key in kept):
            assert [*breaks([old], [new], Contract.RECIPE)]
