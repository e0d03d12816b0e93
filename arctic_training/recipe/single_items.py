"""``checkpoint.0.x=1`` where `checkpoint` is one section and no list: it is its only item."""

from __future__ import annotations

from arctic_training.diagnostics import Diagnostic
from arctic_training.document import Entry, ListNode, MapNode, Node, Pointer, children, find
from arctic_training.recipe.place import PLACE
from arctic_training.validation import Schema

__all__ = ["with_single_items"]

_ONLY = "0"


def with_single_items(recipe: MapNode, schema: Schema) -> tuple[MapNode, list[Diagnostic]]:
    """Return a recipe in which what is set in item 0 of a section is set in the section.

    This applies where the schema accepts a section or a list of sections. An item of another number
    is a finding.
    """
    problems: list[Diagnostic] = []
    whole = _below(recipe, recipe, (), schema, problems)
    assert isinstance(whole, MapNode), "a mapping stays one"
    return whole, problems


def _below(
    node: Node, recipe: MapNode, pointer: Pointer, schema: Schema, problems: list[Diagnostic]
) -> Node:
    if isinstance(node, MapNode) and pointer and _takes_list(recipe, pointer, schema):
        node = _merged_items(node, problems)
    below = {
        step: _below(child, recipe, (*pointer, step), schema, problems)
        for step, child in children(node)
    }
    if isinstance(node, MapNode):
        entries = {k: Entry(e.key, below.get(k, e.value)) for k, e in node.entries.items()}
        return MapNode(entries, node.span)
    return ListNode(tuple(below.values()), node.span) if isinstance(node, ListNode) else node


def _takes_list(recipe: MapNode, pointer: Pointer, schema: Schema) -> bool:
    node = find(recipe, pointer)
    if not isinstance(node, MapNode) or not any(_is_item(node, key) for key in node.entries):
        return False
    rules = schema.at(recipe, pointer[:-1])
    return any(
        "items" in rule for rule in schema.below(rules, pointer[-1], ListNode((), node.span))
    )


def _is_item(node: MapNode, key: str) -> bool:
    """Return whether a key is the number of an item that the command line sets."""
    return key.removeprefix("-").isdecimal() and node.entries[key].key.source.path == PLACE


def _merged_items(node: MapNode, problems: list[Diagnostic]) -> MapNode:
    items = {key: entry for key, entry in node.entries.items() if _is_item(node, key)}
    section: Node = MapNode({k: e for k, e in node.entries.items() if k not in items}, node.span)
    for key, entry in items.items():
        if key == _ONLY:
            section = _merged(section, entry.value)
        else:
            message = f"index `{key}` is out of range: there is one section, which has index 0"
            problems.append(Diagnostic(code="wrong-override", message=message, span=entry.key))
    return section if isinstance(section, MapNode) else node


def _merged(base: Node, over: Node) -> Node:
    """Return a section with what a path sets in it; one that was written as a value replaces it."""
    is_value = over.span.column > 1 or not isinstance(over, MapNode)
    if is_value or not isinstance(base, MapNode) or not isinstance(over, MapNode):
        return over
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        old = entries.get(key)
        entries[key] = Entry(entry.key, _merged(old.value, entry.value)) if old else entry
    return MapNode(entries, base.span)
