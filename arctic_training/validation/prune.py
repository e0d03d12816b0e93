"""Remove the values of a document that its schema refuses."""

from __future__ import annotations

from collections.abc import Iterable

from jsonschema_rs import ValidationError
from jsonschema_rs import ValidationErrorKind as Kind

from arctic_training.document.node import (
    Entry,
    ListNode,
    MapNode,
    Node,
    Pointer,
    ScalarNode,
    children,
)

__all__ = ["pruned"]


def pruned(document: Node, errors: Iterable[ValidationError]) -> Node:
    """Return a document without unknown keys, and with null in place of each refused value.

    What is missing stays missing, and a key whose name is refused stays.
    """
    gone: set[Pointer] = set()
    refused: set[Pointer] = set()
    for error in errors:
        pointer: Pointer = tuple(error.instance_path)
        match error.kind:
            case Kind.AdditionalProperties(unexpected=keys):
                gone |= {(*pointer, key) for key in keys}
            case Kind.Required() | Kind.PropertyNames() | Kind.UniqueItems() | Kind.AnyOf():
                pass
            case _:
                refused.add(pointer)
    return _pruned(document, (), gone, refused) if gone or refused else document


def _pruned(node: Node, place: Pointer, gone: set[Pointer], refused: set[Pointer]) -> Node:
    if place in refused:
        return ScalarNode(None, node.span)
    below = {
        step: _pruned(child, (*place, step), gone, refused)
        for step, child in children(node)
        if (*place, step) not in gone
    }
    match node:
        case ScalarNode():
            return node
        case ListNode():
            return ListNode(tuple(below.values()), node.span)
        case MapNode(entries=entries):
            kept = {
                key: Entry(entry.key, below[key]) for key, entry in entries.items() if key in below
            }
            return MapNode(kept, node.span)
