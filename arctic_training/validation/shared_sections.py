"""Sections that the recipe schemas of all trainers share: in files by reference, here in one piece.

A trainer's schema refers to ``_shared/sections.schema.json`` of its source root, which editors
follow. A recipe is checked by the sections that ship with this package, as its models are.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final, cast

from arctic_training.document import JSON
from arctic_training.document.json_text import json_text
from arctic_training.validation.schema import Subschema
from arctic_training.validation.shipped_schemas import schema

__all__ = [
    "SHARED_SECTIONS",
    "own_reference",
    "self_contained",
    "shared_definition",
    "shared_reference",
    "shared_sections_text",
]

SHARED_SECTIONS: Final = "_shared/sections.schema.json"
"""The file of the shared sections, from the folder of all trainers."""

_LOCAL: Final = "#/definitions/"
_SHARED: Final = f"../{SHARED_SECTIONS}{_LOCAL}"
_COMMON: Final = "TrainerConfig"
_PLANNED: Final = "x-planned"


@cache
def shared_sections_text() -> str:
    """Return the file of the shared sections."""
    root = schema("sections.schema.json").root
    return json_text({key: root[key] for key in ("$schema", "definitions")}) + "\n"


def shared_definition(name: str) -> Subschema:
    """Return a shared definition by the name of its model."""
    return _mapping(_mapping(schema("sections.schema.json").root["definitions"])[name])


def shared_reference(name: str) -> Subschema:
    """Return a reference out of a trainer's schema to a shared definition, or to a part of one."""
    return {"$ref": _SHARED + name}


def own_reference(name: str) -> Subschema:
    """Return a reference to a definition of the schema that it is in."""
    return {"$ref": _LOCAL + name}


def self_contained(recipe_schema: Subschema) -> Subschema:
    """Return a trainer's schema with the shared sections among its definitions.

    Properties that all recipes have are put in place. A schema without references to shared
    sections, as trainers of interface 1 have, stays as it is.
    """
    needed: set[str] = set()
    whole = _mapping(_inlined(recipe_schema, needed))
    if not needed:
        return recipe_schema
    own = _mapping(whole.get("definitions", {}))
    names = frozenset[str]().union(*map(_closure, needed))
    definitions: Subschema = {**{name: shared_definition(name) for name in names}, **own}
    planned = shared_definition(_COMMON)[_PLANNED]
    return whole | {_PLANNED: planned, "definitions": dict(sorted(definitions.items()))}


def _inlined(part: JSON, needed: set[str]) -> JSON:
    """Return a part of a schema with local references; ``needed`` gets the definitions' names."""
    if isinstance(part, list):
        return [_inlined(each, needed) for each in part]
    if not isinstance(part, dict):
        return part
    reference = part.get("$ref")
    if not isinstance(reference, str) or not reference.startswith(_SHARED):
        return {key: _inlined(each, needed) for key, each in part.items()}
    name, _, way = reference.removeprefix(_SHARED).partition("/")
    if not way:
        needed.add(name)
        return own_reference(name)
    found = shared_definition(name)
    for step in way.split("/"):
        found = _mapping(found[step])
    needed.update(_referred(found))
    return found


@cache
def _closure(name: str) -> frozenset[str]:
    """Return a shared definition's name with those of the definitions that it refers to."""
    return frozenset({name}).union(*map(_closure, _referred(shared_definition(name))))


def _referred(part: JSON) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(reference := part.get("$ref"), str):
            yield reference.removeprefix(_LOCAL)
        for each in part.values():
            yield from _referred(each)
    elif isinstance(part, list):
        for each in part:
            yield from _referred(each)


def _mapping(part: JSON) -> Subschema:
    return cast("Subschema", part)
