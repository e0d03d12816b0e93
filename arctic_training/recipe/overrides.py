"""``key.path=value`` on the command line, laid over a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from arctic_training.diagnostics import Diagnostic, Source, Span
from arctic_training.document import (
    Entry,
    ListNode,
    MapNode,
    Node,
    Pointer,
    ScalarNode,
    Schema,
    find,
    former_names,
    key_span,
    parse,
    shown,
)

__all__ = ["PLACE", "apply_overrides", "with_overridden_names"]

PLACE: Final = "command line"
"""The file, to a reader, of what an override says."""

_MOST_KEYS: Final = 64


def apply_overrides(recipe: MapNode, overrides: Sequence[str]) -> tuple[MapNode, list[Diagnostic]]:
    """Return the recipe with each ``key.path=value`` set, in order.

    Values are YAML. Numbers in a path count the items of a list from 0; sections that the recipe
    does not have are made.
    """
    problems: list[Diagnostic] = []
    for text in overrides:
        source = Source(PLACE, text)
        path, separator, written = text.partition("=")
        keys = path.split(".")
        if not separator or not all(keys) or len(keys) > _MOST_KEYS:
            problems.append(_wrong(source, f"expected key=value, found {shown(text)}"))
            continue
        value, found = parse(Source(PLACE, written))
        problems += [replace(p, span=source.line(1), related=()) for p in found]
        if value is None or found:
            continue
        try:
            changed = _set(recipe, keys, _moved(value, source.line(1)), source.line(1))
        except LookupError as error:
            problems.append(_wrong(source, str(error.args[0])))
            continue
        assert isinstance(changed, MapNode)
        recipe = changed
    return recipe, problems


def with_overridden_names(recipe: Node, schema: Schema) -> Node:
    """Return the recipe without what the command line sets under another name of the same key."""
    for rename in former_names(recipe, schema):
        names = (rename.pointer, (*rename.pointer[:-1], rename.key))
        there = [name for name in names if find(recipe, name) is not None]
        overridden = [name for name in there if key_span(recipe, name).source.path != PLACE]
        if len(there) > len(overridden):
            for name in overridden:
                recipe = _without(recipe, name)
    return recipe


def _without(node: Node, pointer: Pointer) -> Node:
    key, *rest = pointer
    match node:
        case MapNode(entries=entries) if not rest:
            return MapNode({k: entry for k, entry in entries.items() if k != key}, node.span)
        case MapNode(entries=entries):
            old = entries[str(key)]
            changed = Entry(old.key, _without(old.value, tuple(rest)))
            return MapNode({**entries, str(key): changed}, node.span)
        case ListNode(items=items):
            parts = [_without(v, tuple(rest)) if i == key else v for i, v in enumerate(items)]
            return ListNode(tuple(parts), node.span)
        case ScalarNode():
            return node


def _set(node: Node, keys: list[str], value: Node, span: Span) -> Node:
    if not keys:
        return value
    key, *rest = keys
    match node:
        case MapNode(entries=entries):
            old = entries.get(key)
            inside = old.value if old else MapNode({}, span)
            entry = Entry(old.key if old and rest else span, _set(inside, rest, value, span))
            return MapNode({**entries, key: entry}, node.span)
        case ListNode(items=items):
            if key not in map(str, range(len(items))):
                raise LookupError(f"{shown(key)} is no item of a list of {len(items)}")
            index = int(key)
            changed = _set(items[index], rest, value, span)
            return ListNode((*items[:index], changed, *items[index + 1 :]), node.span)
        case ScalarNode():
            raise LookupError(f"{shown(key)} would stand in a value that is no section")


def _moved(node: Node, span: Span) -> Node:
    """Give a value and all values in it one place."""
    match node:
        case ScalarNode(value=value):
            return ScalarNode(value, span)
        case ListNode(items=items):
            return ListNode(tuple(_moved(item, span) for item in items), span)
        case MapNode(entries=entries):
            moved = {k: Entry(span, _moved(entry.value, span)) for k, entry in entries.items()}
            return MapNode(moved, span)


def _wrong(source: Source, message: str) -> Diagnostic:
    return Diagnostic(
        code="wrong-override",
        message=message,
        span=source.line(1),
        hint="such as optimizer.learning_rate=1e-5 or checkpoint.0.output_dir=./runs/second",
    )
