"""Defaults of a recipe, from the schema of its trainer."""

from __future__ import annotations

from collections.abc import Iterator

from arctic_training.document import JSON, Node, Pointer, find
from arctic_training.document.schema_forms import default_of
from arctic_training.validation import Place, Schema, places

__all__ = ["defaults"]


def defaults(recipe: Node, schema: Schema) -> Iterator[tuple[Pointer, JSON]]:
    """Iterate over the values that a recipe leaves out, each with its way.

    A section that is left out is gone into, unless it is nothing by default or needs a key that
    has no default: then there is no such section.
    """
    known: dict[Pointer, JSON] = {}
    closed: set[Pointer] = set()
    for place in places(recipe, schema):
        outer, key = place.pointer[:-1], place.pointer[-1]
        if outer in closed:
            closed.add(place.pointer)
            continue
        if find(recipe, place.pointer) is not None:
            continue
        default = _default(place, known.get(outer), str(key))
        known[place.pointer] = default
        if any(rule.get("required") for rule in place.rules) or not _is_section(place, default):
            closed.add(place.pointer)
            if _has_default(place):
                yield place.pointer, default


def _default(place: Place, outer: JSON, key: str) -> JSON:
    """Return the default that the section has for a key, else the key's own."""
    if isinstance(outer, dict) and key in outer:
        return outer[key]
    return next((rule["default"] for rule in map(default_of, place.rules) if rule), {})


def _has_default(place: Place) -> bool:
    return any(map(default_of, place.rules))


def _is_section(place: Place, default: JSON) -> bool:
    has_keys = any(rule.get("properties") for rule in place.rules)
    return has_keys and isinstance(default, dict)
