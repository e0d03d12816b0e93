"""Every key shows what it may hold: a default, or an example that it takes."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import pytest
import yaml

import arctic_training.config
from arctic_training.config.base import Config
from arctic_training.config.sections import sections_schema
from arctic_training.config.trainer import TrainerConfig
from arctic_training.document.numbers import human_number
from arctic_training.document.schema_forms import examples_of
from arctic_training.recipe import recipe_schema
from arctic_training.validation import Schema
from tests.codegen.made import model_of
from tests.support import ROOT

_Rule: TypeAlias = dict[str, Any]
_SHOWN: Final = {"default", "examples", "const", "defaultSnippets"}
_VALUES: Final = _SHOWN | {"enum", "x-planned", "x-default", "if"}
_DEFINITIONS: Final[_Rule] = sections_schema()["definitions"]  # type: ignore[assignment]  # a schema
_MODULES: Final = [each.name for each in pkgutil.iter_modules(arctic_training.config.__path__)]
_TRAINERS: Final = ["causal", "dpo", "sft"]

_FIELDS: Final = """\
size: {type: integer, minimum: 3}
share: {type: number, exclusiveMinimum: 0, maximum: 1}
form: {enum: [fast, exact]}
title: {type: string, minLength: 2}
log: {type: string, format: path}
steps: {type: array, items: {type: integer}, minItems: 2}
pair:
  type: array
  additionalItems: false
  items: [{type: integer}, {type: string}]
limits: {type: object, additionalProperties: {type: number}}
part: {type: object, properties: {depth: {type: integer}, width: {type: integer, default: 1}}}
whole: {type: object, properties: {height: {type: integer, default: 1}}}
other: {factory: model}
"""


def _keys(rule: object, root: _Rule) -> Iterator[tuple[str, _Rule]]:
    """Iterate over all keys in a schema with their rules, references resolved."""
    if isinstance(rule, list):
        for part in rule:
            yield from _keys(part, root)
    if not isinstance(rule, dict):
        return
    for word, part in rule.items():
        if word in _VALUES:
            continue
        if word in {"properties", "definitions"} and isinstance(part, dict):
            for name, below in part.items():
                if word == "properties" and isinstance(below, dict) and "not" not in below:
                    yield name, _resolved(below, root)
                yield from _keys(below, root)
        else:
            yield from _keys(part, root)


def _resolved(rule: _Rule, root: _Rule) -> _Rule:
    """Return a rule with what those say that it refers to."""
    if "$ref" not in rule:
        return rule
    referred = root["definitions"][rule["$ref"].rpartition("/")[2]]
    return {**_resolved(referred, root), **rule}


def _unshown(schema: _Rule) -> list[str]:
    return [name for name, rule in _keys(schema, schema) if _SHOWN.isdisjoint(rule)]


def _least(rule: _Rule) -> _Rule:
    """Return a document with the first example of each key that has to be given."""
    return {name: examples_of(rule["properties"][name])[0] for name in rule.get("required", ())}


def _documents(rule: _Rule) -> Iterator[_Rule]:
    """Iterate over documents, one for each example of each key."""
    for name, below in rule["properties"].items():
        for example in examples_of(below):
            yield _least(rule) | {name: example}


@pytest.mark.parametrize("trainer", _TRAINERS)
def test_each_key_of_a_recipe_has_a_default_or_an_example_that_it_takes(trainer: str) -> None:
    """What an editor shows of a key can be written; the schema and the models both take it."""
    schema = recipe_schema(ROOT / f"generated/arctic_trainers/{trainer}").root
    assert _unshown(schema) == []
    config = _config(f"arctic_trainers.{trainer}.config")
    for document in _documents(schema):
        assert [*Schema(schema).errors(document)] == []
        config.model_validate({"type": trainer} | document)


def _config(name: str) -> type[Config]:
    module = importlib.import_module(name)
    found = [each for each in vars(module).values() if isinstance(each, type)]
    return next(e for e in found if issubclass(e, TrainerConfig) and e.__module__ == name)


@pytest.mark.parametrize("name", [name for name in _DEFINITIONS if name != "TrainerConfig"])
def test_each_key_of_a_section_has_a_default_or_an_example_that_it_takes(name: str) -> None:
    """The examples stand in the models; the sections of the recipe itself are each trainer's."""
    rule = _DEFINITIONS[name]
    whole: _Rule = {"$ref": f"#/definitions/{name}", "definitions": _DEFINITIONS}
    assert [key for key, below in rule.get("properties", {}).items() if not _SHOWN & {*below}] == []
    for document in _documents(rule) if "properties" in rule else ():
        texts = [error.message for error in Schema(whole).errors(_numbers(document))]
        assert texts == []
        _model(name).model_validate(document)


def _model(name: str) -> type[Config]:
    modules = [importlib.import_module(f"arctic_training.config.{module}") for module in _MODULES]
    found: type[Config] = next(vars(each)[name] for each in modules if name in vars(each))
    return found


def _numbers(document: _Rule) -> _Rule:
    """Return a document with its human numbers made numbers, as the check does first."""
    made = {key: human_number(v) if isinstance(v, str) else None for key, v in document.items()}
    return {key: value if made[key] is None else made[key] for key, value in document.items()}


def test_each_field_of_a_definition_without_a_default_has_an_example() -> None:
    """A value that its type takes stands in the schema of the recipes."""
    model, schema = model_of(yaml.safe_load(_FIELDS))
    assert _unshown(schema.root) == []
    for document in _documents(schema.root):
        assert [error.message for error in schema.errors(document)] == []
        model.model_validate({"type": "mine"} | document)


def test_no_example_is_wrong_or_longer_than_anybody_reads() -> None:
    """A field whose pattern takes no sample, or whose shortest value is long, has none."""
    fields = "code: {type: string, pattern: '^[0-9]{3}$'}\nlong: {type: string, minLength: 999}\n"
    _, schema = model_of(yaml.safe_load(fields))
    assert _unshown(schema.root) == ["code", "long"]
