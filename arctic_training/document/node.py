"""A document as a tree in which every value and every key knows where it was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from arctic_training.diagnostics import Span

__all__ = [
    "JSON",
    "Entry",
    "ListNode",
    "MapNode",
    "Node",
    "Pointer",
    "Scalar",
    "ScalarNode",
    "children",
    "find",
    "key_span",
    "plain",
    "present",
    "value_span",
]

Scalar: TypeAlias = bool | int | float | str | None
JSON: TypeAlias = Scalar | list["JSON"] | dict[str, "JSON"]
Pointer: TypeAlias = tuple[str | int, ...]
"""The keys and indices that lead from the root of a document to one of its values."""


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A string, a number, a boolean or null."""

    value: Scalar
    span: Span


@dataclass(frozen=True, slots=True)
class ListNode:
    """Values in order."""

    items: tuple[Node, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Entry:
    """A key's place and its value."""

    key: Span
    value: Node


@dataclass(frozen=True, slots=True)
class MapNode:
    """Values by key, in the order in which they were written."""

    entries: dict[str, Entry]
    span: Span


Node: TypeAlias = ScalarNode | ListNode | MapNode


def plain(node: Node) -> JSON:
    """Return the bare value, without places."""
    match node:
        case ScalarNode(value=value):
            return value
        case ListNode(items=items):
            return [plain(item) for item in items]
        case MapNode(entries=entries):
            return {key: plain(entry.value) for key, entry in entries.items()}
        case _:
            assert_never(node)


def children(node: Node) -> Iterator[tuple[str | int, Node]]:
    """Iterate over the values right below a node, each with its key or index."""
    match node:
        case ScalarNode():
            return
        case ListNode(items=items):
            yield from enumerate(items)
        case MapNode(entries=entries):
            for key, entry in entries.items():
                yield key, entry.value
        case _:
            assert_never(node)


def find(node: Node, pointer: Pointer) -> Node | None:
    """Return the value at ``pointer``, or None where the document has none."""
    for step in pointer:
        below = _child(node, step)
        if below is None:
            return None
        node = below
    return node


def value_span(node: Node, pointer: Pointer) -> Span:
    """Return the place of the value at ``pointer``, or of the nearest value above it."""
    for step in pointer:
        below = _child(node, step)
        if below is None:
            break
        node = below
    return node.span


def key_span(node: Node, pointer: Pointer) -> Span:
    """Return the place of the key that ``pointer`` ends in, else what ``value_span`` returns."""
    parent = find(node, pointer[:-1])
    if isinstance(parent, MapNode) and (entry := parent.entries.get(str(pointer[-1]))):
        return entry.key
    return value_span(node, pointer)


def present(node: Node, pointer: Pointer) -> Pointer:
    """Return the way that ``pointer`` leads without the steps that the document does not have.

    A model may have more of them: a list for which a single item is written, the branches of a
    union.
    """
    way: Pointer = ()
    for step in pointer:
        below = _child(node, step)
        if below is not None:
            node, way = below, (*way, step)
    return way


def _child(node: Node, step: str | int) -> Node | None:
    match node, step:
        case MapNode(entries=entries), str() if step in entries:
            return entries[step].value
        case ListNode(items=items), int() if step < len(items):
            return items[step]
        case _:
            return None
