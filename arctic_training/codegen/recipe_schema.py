"""The JSON Schema of the recipes of one trainer: for editors, and for the check before a run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import cast

from arctic_training.definition.fields.json_types import field_schema, former_names
from arctic_training.definition.fields.sample_values import sample
from arctic_training.definition.specification import FactorySpec, SlotSpec, TrainerSpec
from arctic_training.document.json_text import Written, json_text
from arctic_training.document.schema_forms import (
    DRAFT,
    JSONSchema,
    by_type,
    examples_of,
    for_editors,
    one_or_many,
    with_former_names,
)
from arctic_training.validation.shipped_schemas import schema

__all__ = ["has_default", "recipe_schema", "section_description"]


def recipe_schema(spec: TrainerSpec) -> str:
    """Return the schema as text. It takes the same recipes as the generated models do."""
    properties: dict[str, object] = {
        "type": {"description": "Name of the trainer.", "const": spec.name, "default": spec.name}
    }
    for slot in spec.sections:
        described: JSONSchema = {
            "description": section_description(slot),
            "examples": [_example(slot)],
        }
        if slot.deprecated:
            described["deprecationMessage"] = slot.deprecated
        properties[slot.slot.section] = for_editors(described) | _section(slot)
    properties |= {field.name: field_schema(field) for field in spec.fields}
    inherited = [name for name in _inherited() if name not in properties]
    properties |= {name: _inherited_text(name) for name in inherited}
    required = [slot.slot.section for slot in spec.sections if not has_default(slot)]
    required += [field.name for field in spec.fields if field.is_required]
    former = {slot.slot.section: slot.renamed_from for slot in spec.nested if slot.renamed_from}
    closed: JSONSchema = {
        "$schema": DRAFT,
        "title": f"Recipe of the {spec.name} trainer",
        "description": spec.description,
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": required,
        "x-planned": _planned(),
    }
    document = with_former_names(closed, former | former_names(spec.fields))
    own = {factory.config.name: _own_section(factory) for factory in spec.own_factories}
    references = {*_references([document, *own.values()])}
    references |= {factory.config.name for slot in spec.sections for factory in slot.factories}
    references -= own.keys()
    needed = frozenset[str]().union(*map(_needed, references), *map(_needed_by, inherited))
    texts = {name: _definition_text(name) for name in needed}
    texts |= {name: _as_definition(name, section) for name, section in own.items()}
    definitions = ",\n    ".join(text for _, text in sorted(texts.items()))
    whole = json_text(document).removesuffix("\n}")
    return f'{whole},\n  "definitions": {{\n    {definitions}\n  }}\n}}\n'


def _inherited() -> JSONSchema:
    """Return the properties that all recipes have."""
    return _mapping(_definition("TrainerConfig"), "properties")


@cache
def _inherited_text(name: str) -> Written:
    return Written(json_text(_inherited()[name], "    "))


@cache
def _planned() -> Written:
    return Written(json_text(_definition("TrainerConfig")["x-planned"], "  "))


def has_default(slot: SlotSpec) -> bool:
    """Return whether a recipe may leave a section out: the default factory needs no key of it."""
    if slot.slot.is_list:
        return True
    if slot.is_nested:
        return False
    first = slot.factories[0]
    section = _own_section(first) if first.own else _definition(first.config.name)
    return not section.get("required") and not section.get("allOf")  # a key of one of two names


def section_description(slot: SlotSpec) -> str:
    """Return what a section is: its own description, or that of the recipe that all share."""
    if slot.description or slot.is_nested:
        return slot.description
    properties = cast("dict[str, JSONSchema]", _definition("TrainerConfig")["properties"])
    inherited = properties.get(slot.slot.section, {"description": slot.slot.description})
    return str(inherited["description"])


def _example(slot: SlotSpec) -> object:
    """Return what a section says at least: the default factory, and what that cannot be without."""
    factory = slot.factories[0]
    base = _definition(factory.built_in.config.name)
    properties = cast("dict[str, JSONSchema]", base["properties"])
    least: dict[str, object] = {"type": factory.name}
    for key in _list(base, "required"):
        least[str(key)] = examples_of(properties[str(key)])[0]
    for field in factory.own.fields if factory.own else ():
        least |= {field.name: sample(field.type)} if field.is_required else {}
    return least


def _section(slot: SlotSpec) -> JSONSchema:
    models = tuple((factory.name, factory.config.name) for factory in slot.factories)
    return _one_of(models, is_list=slot.slot.is_list)


@cache
def _one_of(models: tuple[tuple[str, str], ...], *, is_list: bool) -> JSONSchema:
    """Return what a section says that is of one of some types, each with the name of its model."""
    branches = {name: {"$ref": f"#/definitions/{model}"} for name, model in models}
    one = by_type(branches, first=models[0][0])
    section = one_or_many({"type": "array", "items": one}) if is_list else one
    return {key: Written(json_text(value, "      ")) for key, value in section.items()}


def _own_section(factory: FactorySpec) -> JSONSchema:
    """Return the schema of the section of a user's factory: that of its base, and more."""
    assert factory.own
    base = _definition(factory.own.base.config.name)
    name: JSONSchema = {"const": factory.name, "default": factory.name, "type": "string"}
    fields = factory.own.fields
    added = with_former_names(
        {
            "properties": {"type": name} | {field.name: field_schema(field) for field in fields},
            "required": [field.name for field in fields if field.is_required],
        },
        former_names(fields),
    )
    joined: JSONSchema = {
        "description": factory.own.description,
        "properties": _mapping(base, "properties") | _mapping(added, "properties"),
        "dependencies": _mapping(base, "dependencies") | _mapping(added, "dependencies"),
        "required": _list(base, "required") + _list(added, "required"),
        "allOf": _list(base, "allOf") + _list(added, "allOf"),
    }
    return base | {key: part for key, part in joined.items() if part}


def _mapping(schema: JSONSchema, keyword: str) -> JSONSchema:
    return cast("JSONSchema", schema.get(keyword, {}))


def _list(schema: JSONSchema, keyword: str) -> list[object]:
    return cast("list[object]", schema.get(keyword, []))


def _definition(name: str) -> JSONSchema:
    definitions = cast("dict[str, JSONSchema]", schema("sections.schema.json").root["definitions"])
    return definitions[name]


@cache
def _definition_text(name: str) -> str:
    """Return a shared definition as it stands in the schema of each trainer that needs it."""
    return _as_definition(name, _definition(name))


def _as_definition(name: str, section: JSONSchema) -> str:
    return f'"{name}": {json_text(section, "    ")}'


@cache
def _needed(name: str) -> frozenset[str]:
    """Return a definition's name with those of the definitions that it refers to."""
    below = map(_needed, _references(_definition(name)))
    return frozenset({name}).union(*below)


@cache
def _needed_by(name: str) -> frozenset[str]:
    """Return the names of all definitions that a property which all recipes have refers to."""
    return frozenset[str]().union(*map(_needed, _references(_inherited()[name])))


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference.rpartition("/")[2]
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)
