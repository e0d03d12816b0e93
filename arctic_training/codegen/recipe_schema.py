"""The JSON Schema of the recipes of one trainer: for editors, and for the check before a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, cast

from arctic_training.definition.definition import Definition, FactorySpec, SlotSpec
from arctic_training.definition.fields.json_types import field_schema, former_names
from arctic_training.definition.fields.sample_values import sample
from arctic_training.document.json_text import json_text
from arctic_training.document.schema_forms import (
    DRAFT,
    JSONSchema,
    by_type,
    examples_of,
    for_editors,
    one_or_many,
    with_former_names,
)
from arctic_training.validation.shared_sections import (
    own_reference,
    shared_definition,
    shared_reference,
)

__all__ = ["has_default", "recipe_schema", "section_description"]

_WIDTH: Final = 100
"""Characters of an object or a list that is on one line."""


def recipe_schema(spec: Definition) -> str:
    """Return the schema as text. It takes the same recipes as the generated models do.

    It refers to the sections that all trainers share; those of the user's factories are in it.
    """
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
    inherited = [name for name in _properties("TrainerConfig") if name not in properties]
    properties |= _shared_properties("TrainerConfig", inherited)
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
    }
    document = with_former_names(closed, former | former_names(spec.fields))
    own = {factory.config.name: _own_section(factory) for factory in spec.own_factories}
    definitions: JSONSchema = {"definitions": dict(sorted(own.items()))} if own else {}
    return json_text(document | definitions, width=_WIDTH) + "\n"


def _properties(model: str) -> JSONSchema:
    return _mapping(shared_definition(model), "properties")


def _shared_properties(model: str, names: Iterable[str]) -> JSONSchema:
    """Return properties of a shared section by reference."""
    return {name: shared_reference(f"{model}/properties/{name}") for name in names}


def has_default(slot: SlotSpec) -> bool:
    """Return whether a recipe may leave a section out: the default factory needs no key of it."""
    if slot.slot.is_list:
        return True
    if slot.is_nested:
        return False
    first = slot.factories[0]
    section = _own_section(first) if first.own else shared_definition(first.config.name)
    return not section.get("required") and not section.get("allOf")  # a key of one of two names


def section_description(slot: SlotSpec) -> str:
    """Return what a section is: its own description, or that of the recipe that all share."""
    if slot.description or slot.is_nested:
        return slot.description
    properties = cast("dict[str, JSONSchema]", _properties("TrainerConfig"))
    inherited = properties.get(slot.slot.section, {"description": slot.slot.description})
    return str(inherited["description"])


def _example(slot: SlotSpec) -> object:
    """Return what a section says at least: the default factory, and what that cannot be without."""
    factory = slot.factories[0]
    base = shared_definition(factory.built_in.config.name)
    properties = cast("dict[str, JSONSchema]", base["properties"])
    least: dict[str, object] = {"type": factory.name}
    for key in _list(base, "required"):
        least[str(key)] = examples_of(properties[str(key)])[0]
    for field in factory.own.fields if factory.own else ():
        least |= {field.name: sample(field.type)} if field.is_required else {}
    return least


def _section(slot: SlotSpec) -> JSONSchema:
    branches = {factory.name: _reference(factory) for factory in slot.factories}
    one = by_type(branches, first=slot.factories[0].name)
    return one_or_many({"type": "array", "items": one}) if slot.slot.is_list else one


def _reference(factory: FactorySpec) -> Mapping[str, object]:
    name = factory.config.name
    return own_reference(name) if factory.own else shared_reference(name)


def _own_section(factory: FactorySpec) -> JSONSchema:
    """Return the schema of the section of a user's factory: that of its base, and more."""
    assert factory.own
    model = factory.own.base.config.name
    base = {key: _outward(part) for key, part in shared_definition(model).items()}
    inherited = _shared_properties(model, _properties(model))
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
        "properties": inherited | _mapping(added, "properties"),
        "dependencies": _mapping(base, "dependencies") | _mapping(added, "dependencies"),
        "required": _list(base, "required") + _list(added, "required"),
        "allOf": _list(base, "allOf") + _list(added, "allOf"),
    }
    return base | {key: part for key, part in joined.items() if part}


def _mapping(schema: Mapping[str, object], keyword: str) -> JSONSchema:
    return cast("JSONSchema", schema.get(keyword, {}))


def _list(schema: Mapping[str, object], keyword: str) -> list[object]:
    return cast("list[object]", schema.get(keyword, []))


def _outward(part: object) -> object:
    """Return a part of a shared section as it refers to others from a trainer's schema."""
    match part:
        case {"$ref": str(reference)}:
            return shared_reference(reference.rpartition("/")[2])
        case dict():
            return {key: _outward(each) for key, each in part.items()}
        case list():
            return [_outward(each) for each in part]
        case _:
            return part
