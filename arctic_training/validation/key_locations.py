"""All keys that a document may have: those that it has, and those that it leaves out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from arctic_training.document.node import Entry, ListNode, MapNode, Node, Pointer, ScalarNode
from arctic_training.document.schema_forms import default_of
from arctic_training.validation.former_names import is_former
from arctic_training.validation.schema import Schema, Subschema

__all__ = ["Place", "known_keys", "places", "types_with"]

_DEEPEST = 8
"""Sections in sections that are gone into; a rule may lead back to itself."""


@dataclass(frozen=True, slots=True)
class Place:
    """A key that a document may have, and the subschemas of its value."""

    pointer: Pointer
    rules: list[Subschema]


def places(document: Node, schema: Schema) -> Iterator[Place]:
    """Iterate over the places of all keys, those of outer sections first.

    A section that the document leaves out is the one that it is by default. The sections in a list
    are included.
    """
    rules = schema.at(document, ())
    waiting: deque[tuple[Pointer, Node, list[Subschema]]] = deque([((), document, rules)])
    while waiting:
        pointer, node, rules = waiting.popleft()
        for step, child in _below(node, rules):
            place = Place((*pointer, step), schema.below(rules, step, child))
            if not isinstance(step, int):
                yield place
            if len(place.pointer) < _DEEPEST and not _is_list(child, place.rules):
                waiting.append((place.pointer, child, place.rules))


def _is_list(node: Node, rules: list[Subschema]) -> bool:
    """Return whether a value that may be left out is a list then."""
    left_out = isinstance(node, MapNode) and not node.entries
    return left_out and any(isinstance(default_of(rule).get("default"), list) for rule in rules)


def _below(node: Node, rules: list[Subschema]) -> Iterator[tuple[str | int, Node]]:
    if isinstance(node, ListNode):
        yield from enumerate(node.items)
    elif isinstance(node, MapNode):
        for key in known_keys(rules):
            entry = node.entries.get(key)
            yield key, entry.value if entry else MapNode({}, node.span)


def known_keys(rules: list[Subschema]) -> list[str]:
    """Return the keys that subschemas name, without former names, in their order."""
    known: dict[str, None] = {}
    for rule in rules:
        properties = rule.get("properties", {})
        assert isinstance(properties, dict)
        known |= dict.fromkeys(key for key, below in properties.items() if not is_former(below))
    return list(known)


def types_with(key: str, rules: list[Subschema], section: Node, schema: Schema) -> list[str]:
    """Return the types of a section that have a key, of those that it could be."""
    found: dict[str, None] = {}
    for rule in rules:
        properties = rule.get("properties")
        kind = properties.get("type") if isinstance(properties, dict) else None
        options = kind.get("enum") if isinstance(kind, dict) else None
        for option in options if isinstance(options, list) else ():
            of_type = ScalarNode(str(option), section.span)
            other = MapNode({"type": Entry(section.span, of_type)}, section.span)
            if key in known_keys(schema.applying(rule, other)):
                found[str(option)] = None
    return list(found)
