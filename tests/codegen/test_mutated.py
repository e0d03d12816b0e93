"""Definitions that were right and were changed in a few places: each is understood or refused.

100 of 3,000 run by default; ``make test-full`` runs the whole.
"""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias, cast

import pytest
import yaml

from arctic_training.codegen.plan import plan
from arctic_training.codegen.render import render
from arctic_training.definition.stages import read_definitions
from arctic_training.diagnostics import Span, has_errors
from arctic_training.document import JSON, Pointer
from arctic_training.validation import Schema
from arctic_training.validation.shared_sections import self_contained
from tests.support import RICH_DEFINITION, ROOT, write

_Parent: TypeAlias = dict[str | int, JSON]
_Mutation: TypeAlias = Callable[[random.Random, _Parent, str | int, JSON], None]

OWN_FACTORY: JSON = {
    "name": "wide",
    "class": "m:Wide",
    "extends": "huggingface",
    "config_type": {"properties": {"width": {"type": "integer", "default": 3}}},
}
_SCALARS: list[JSON] = [
    *(None, True, 0, -1, 2.5, 10**40, 1e308, "", "a", "\u00e9", "null", "2k", "(", "class", "self")
]
_CONTAINERS: list[JSON] = [
    [], {}, [1], {"a": 1}, ["object", "null"], ["string", "integer"], [None], {"const": "a"},
    {"$ref": "#/definitions/range"},
    {"type": "array", "items": {"$ref": "#/definitions/range"}},
    {"anyOf": [{"$ref": "#/definitions/range"}, {"type": "null"}]},
]  # fmt: skip
VALUES = [*_SCALARS, *_CONTAINERS]
KEYS = ["const", "default", "description", "enum", "extends", "items", "oneOf", "type", "x", "if"]


def _gone(_chance: random.Random, parent: _Parent, key: str | int, _whole: JSON) -> None:
    del parent[key]


def _other(chance: random.Random, parent: _Parent, key: str | int, _whole: JSON) -> None:
    parent[key] = copy.deepcopy(chance.choice(VALUES))


def _moved(chance: random.Random, parent: _Parent, key: str | int, whole: JSON) -> None:
    parent[key] = copy.deepcopy(_at(whole, chance.choice([*_places(whole)])))


def _added(chance: random.Random, parent: _Parent, key: str | int, whole: JSON) -> None:
    inner = parent[key]
    if isinstance(inner, dict):
        _moved(chance, cast("_Parent", inner), chance.choice(KEYS), whole)


def _or_null(_chance: random.Random, parent: _Parent, key: str | int, _whole: JSON) -> None:
    inner = parent[key]
    if isinstance(inner, dict) and isinstance(inner.get("type"), str):
        inner["type"] = [inner["type"], "null"]


MUTATIONS: list[_Mutation] = [_gone, _other, _moved, _added, _or_null]


def _places(value: JSON, pointer: Pointer = ()) -> Iterator[Pointer]:
    """Iterate over the places of all that is inside a value."""
    parts = dict(enumerate(value)) if isinstance(value, list) else value
    for step, part in parts.items() if isinstance(parts, dict) else ():
        yield (*pointer, step)
        yield from _places(part, (*pointer, step))


def _at(value: JSON, pointer: Pointer) -> JSON:
    for step in pointer:
        value = cast("_Parent", value)[step]
    return value


def _mutated(chance: random.Random) -> JSON:
    whole = yaml.safe_load(RICH_DEFINITION) | {"metrics": {"accuracy": "mean"}}
    whole["model_factory_type"] = ["random_llama", copy.deepcopy(OWN_FACTORY)]
    for _ in range(chance.choice([1, 1, 2, 3])):
        *outer, key = chance.choice([*_places(whole)])
        parent = cast("_Parent", _at(whole, tuple(outer)))
        chance.choice(MUTATIONS)(chance, parent, key, whole)
    return cast("JSON", whole)


def _is_inside(span: Span) -> bool:
    lines = span.source.lines
    return span.line <= len(lines) and 1 <= span.column <= len(lines[span.line - 1]) + 1


_PAGE = (ROOT / "docs/reference/diagnostics.md").read_text("utf-8")
CODES = set(re.findall("^## (.*)$", _PAGE, re.MULTILINE))


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(1, 30))]
)
def test_a_changed_definition_ends_in_code_or_in_findings(seed: int, tmp_path: Path) -> None:
    """Each is refused with documented findings inside its text, or its code is Python."""
    chance = random.Random(seed)  # noqa: S311 - it picks changes
    outcomes = []
    for number in range(100):
        text = yaml.safe_dump(_mutated(chance), sort_keys=False)
        loaded, problems = read_definitions([write(tmp_path / "mine.yaml", text)])
        assert bool(loaded) is not has_errors(problems), (seed, number)
        assert {problem.code for problem in problems} <= CODES
        assert all(_is_inside(problem.span) for problem in problems)
        for path, made in (render(plan(loaded[0].spec)) if loaded else {}).items():
            if path.endswith(".py"):
                compile(made, path, "exec")
            elif path.endswith(".json"):
                Schema(self_contained(json.loads(made))).errors({})
        outcomes.append(bool(loaded))
    assert 10 < sum(outcomes) < 90
