"""Definitions, and what becomes of them by small changes of every kind."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import yaml

from arctic_training.definition.definition import Definition
from arctic_training.definition.stages import read_definitions
from tests.support import RICH_DEFINITION, write

_Definition: TypeAlias = dict[str, Any]
_Mutation: TypeAlias = Callable[[Random, _Definition], object]

_SCALARS: list[_Definition] = [
    {"type": "integer", "default": 1},
    {"type": "number", "default": 1},
    {"type": "number", "minimum": 0, "default": 1},
    {"type": "string", "default": "a"},
    {"type": ["number", "null"], "default": None},
    {"type": "boolean", "default": True},
    {"enum": ["fast", "exact"], "default": "fast"},
    {"enum": ["fast", "exact", "lazy"], "default": "fast"},
    {"type": "array", "items": {"type": "integer"}, "default": [1]},
    {"type": "array", "items": {"type": "number"}, "default": [1]},
    {"type": "object", "additionalProperties": {"type": "number"}, "default": {}},
    {"anyOf": [{"type": "number"}, {"type": "boolean"}], "default": 1},
    {"type": "integer"},
]


_CHOICES: dict[str, list[str | list[str]]] = {
    "model_factory_type": ["huggingface", "random_llama", ["huggingface", "random_llama"]],
    "scheduler_factory_type": [["huggingface", "wsd"], "wsd"],
    "tokenizer_factory_type": [["byte_level_bpe", "huggingface"], "huggingface"],
    "checkpoint_engine_type": ["deepspeed", "huggingface"],
    "data_factory_type": ["dpo", "causal", ["sft", "causal"]],
}


def _fields(definition: _Definition) -> _Definition:
    fields: _Definition = definition["config_type"]["properties"]
    return fields


def _retype(random: Random, definition: _Definition) -> None:
    fields = _fields(definition)
    fields[random.choice([*fields])] = copy.deepcopy(random.choice(_SCALARS))


def _add(random: Random, definition: _Definition) -> None:
    _fields(definition)[f"extra{random.randrange(9)}"] = copy.deepcopy(random.choice(_SCALARS))


def _remove(random: Random, definition: _Definition) -> None:
    fields = _fields(definition)
    del fields[random.choice([*fields])]


def _rename(random: Random, definition: _Definition) -> None:
    fields = _fields(definition)
    old = random.choice([*fields])
    field = fields.pop(old)
    former = {"renamed_from": [old]} if random.random() < 0.5 else {}
    fields[f"{old}_now"] = field | former


def _merge(_random: Random, definition: _Definition) -> None:
    """Make one field of two that are alike: no recipe can give both any more."""
    fields = _fields(definition)
    if {"alpha", "beta"} <= fields.keys():
        fields["beta"]["renamed_from"] = ["alpha"]
        del fields["alpha"]


def _inside(random: Random, definition: _Definition) -> None:
    """Change a field of the object among the fields, or of the shared one."""
    objects = [definition["definitions"]["range"]]
    if "properties" in (teacher := _fields(definition).get("teacher", {})):
        objects.append(teacher)
    below = random.choice(objects)["properties"]
    name = random.choice([*below])
    if random.random() < 0.5:
        below[f"{name}_now"] = below.pop(name)
    else:
        below[name] = copy.deepcopy(random.choice(_SCALARS))


def _nullable(random: Random, definition: _Definition) -> None:
    plain = [f for f in _fields(definition).values() if isinstance(f.get("type"), str)]
    if plain:
        field = random.choice(plain)
        field["type"] = [field["type"], "null"]


def _default(random: Random, definition: _Definition) -> None:
    field = random.choice([*_fields(definition).values()])
    field.pop("default", None)


def _alternatives(random: Random, definition: _Definition) -> None:
    if "oneOf" not in (shape := _fields(definition).get("shape", {})):
        return
    if random.random() < 0.5:
        shape["oneOf"].append({"type": "object", "properties": {"kind": {"const": "new"}}})
    else:
        shape["oneOf"][1]["properties"]["kind"] = {"const": "curved"}
        shape.pop("default", None)


def _slots(random: Random, definition: _Definition) -> None:
    key = random.choice([*_CHOICES])
    definition[key] = random.choice(_CHOICES[key])


def _class(_random: Random, definition: _Definition) -> None:
    definition["config_type"]["name"] = "OtherTrainerConfig"


def _loss(_random: Random, definition: _Definition) -> None:
    definition["implementation"] = "theirs:Implementation"


def _harmless(random: Random, definition: _Definition) -> None:
    for field in _fields(definition).values():
        field["description"] = f"Another text {random.randrange(99)}."
    definition["metrics"] = {"a": "mean"}


_MUTATIONS: list[_Mutation] = [
    *(_retype, _add, _remove, _rename, _inside, _nullable, _default, _alternatives, _slots),
    *(_class, _loss, _harmless, _merge),
]


def changed_definitions(folder: Path, count: int) -> Iterator[tuple[Definition, Definition]]:
    """Iterate over definitions and what became of them; the first did not change."""
    seed = made = 0
    while made < count:
        random = Random(seed)  # noqa: S311 - the same definitions each time
        old = yaml.safe_load(RICH_DEFINITION)
        old |= {"name": f"mutant{made}", "loss": f"theirs{made}:loss"}
        _fields(old)["beta"] = {"type": "number", "default": 0.5}
        new = copy.deepcopy(old)
        for _ in range(random.randint(1, 2) if made else 0):
            random.choice(_MUTATIONS)(random, new)
        specs = [_spec(folder / side, made, each) for side, each in (("old", old), ("new", new))]
        seed += 1
        if specs[0] and specs[1]:  # not every change gives a right definition
            made += 1
            yield specs[0], specs[1]


def _spec(folder: Path, number: int, definition: _Definition) -> Definition | None:
    text = yaml.safe_dump(definition, sort_keys=False)
    loaded, _ = read_definitions([write(folder / f"d{number}.yaml", text)])
    return loaded[0].spec if loaded else None
