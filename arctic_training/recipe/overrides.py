"""Apply ``key.path=value`` overrides of the command line to a recipe."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from arctic_training.diagnostics import Diagnostic, Source, Span
from arctic_training.diagnostics.plurals import counted
from arctic_training.document import (
    Entry,
    ListNode,
    MapNode,
    Node,
    Pointer,
    ScalarNode,
    find,
    key_span,
    parse,
    shown,
)
from arctic_training.recipe.place import PLACE
from arctic_training.validation import Schema, former_names

__all__ = ["apply_overrides", "with_overridden_names"]

_MOST_KEYS: Final = 64
_PATH: Final = r"[A-Za-z_][\w.]*"


class _NoPlaceError(Exception):
    """A value has no place for a key: a scalar, or a list without an item of this number."""

    def __init__(self, node: ListNode | ScalarNode, keys: Sequence[str]) -> None:
        super().__init__()
        self.node = node
        self.keys = keys

    def finding(self, source: Source, path: Sequence[str]) -> Diagnostic:
        """Report an override that sets ``path``, of which ``self.keys`` have no place."""
        name, key = ".".join(path[: -len(self.keys)]), shown(self.keys[0])
        if isinstance(self.node, ScalarNode):
            message = f"`{name}` is a value, not a section: it has no key {key}"
            return _wrong(source, message, f"set {name} itself")
        size = len(self.node.items)
        found = f"`{name}` has {counted(size, 'item')}"
        if not self.keys[0].lstrip("-").isdecimal():
            message = f"expected an index, found {key}: {found}"
            return _wrong(source, message, f"write {name}.0.{'.'.join(self.keys)}")
        last = f"the last index is {size - 1}" if size else "it is empty"
        hint = f"{last}; to add an item, set the whole list: {name}=[...]"
        return _wrong(source, f"index {key} is out of range: {found}", hint)


def apply_overrides(recipe: MapNode, overrides: Sequence[str]) -> tuple[MapNode, list[Diagnostic]]:
    """Return the recipe with each ``key.path=value`` set, in order.

    Values are YAML. Numbers in a path count the items of a list from 0; sections that the recipe
    does not have are made.
    """
    problems: list[Diagnostic] = []
    for text in _pairs(overrides):
        source = Source(PLACE, text)
        path, separator, written = text.partition("=")
        keys = _keys(path)
        if not separator or not all(keys) or len(keys) > _MOST_KEYS:
            problems.append(_no_pair(source, text))
            continue
        if slip := _slip(source, path, written):
            problems.append(slip)
            continue
        value, found = parse(Source(PLACE, written))
        problems += [replace(p, span=source.line(1), related=()) for p in found]
        if value is None or found:
            continue
        try:
            moved = _moved(value, source, len(path) + 1)
            changed = _set(recipe, keys, moved, source.line(1))
        except _NoPlaceError as error:
            problems.append(error.finding(source, keys))
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
            if not key.lstrip("-").isdecimal() and len(items) == 1:
                return ListNode((_set(items[0], keys, value, span),), node.span)
            if key not in map(str, range(len(items))):
                raise _NoPlaceError(node, keys)
            index = int(key)
            changed = _set(items[index], rest, value, span)
            return ListNode((*items[:index], changed, *items[index + 1 :]), node.span)
        case ScalarNode(value=None):
            return _set(MapNode({}, span), keys, value, span)
        case ScalarNode():
            raise _NoPlaceError(node, keys)


def _moved(node: Node, source: Source, by: int) -> Node:
    """Give a value and all values in it the place that they have in the whole argument."""
    span = _shifted(node.span, source, by)
    match node:
        case ScalarNode(value=value):
            return ScalarNode(value, span)
        case ListNode(items=items):
            return ListNode(tuple(_moved(item, source, by) for item in items), span)
        case MapNode(entries=entries):
            moved = {
                key: Entry(_shifted(entry.key, source, by), _moved(entry.value, source, by))
                for key, entry in entries.items()
            }
            return MapNode(moved, span)


def _shifted(span: Span, source: Source, by: int) -> Span:
    """Return the place of a part of the value, which follows ``by`` characters; never empty."""
    column = span.column + (by if span.line == 1 else 0)
    end = span.end_column + (by if span.end_line == 1 else 0)
    if (span.line, column) == (span.end_line, end):
        return source.line(1)
    return Span(source, span.line, column, span.end_line, end)


def _keys(path: str) -> list[str]:
    """Return the keys of a path; `sources[0]` is written `sources.0` as well."""
    return re.sub(r"\[(\d+)\](?=[.\[]|$)", r".\1", path).split(".")


def _pairs(overrides: Sequence[str]) -> Iterator[str]:
    """Iterate over the overrides; a key and its value as two arguments are one mistake."""
    waiting = [*overrides]
    while waiting:
        text = waiting.pop(0)
        if re.fullmatch(_PATH, text) and waiting and "=" not in waiting[0]:
            text = f"{text} {waiting.pop(0)}"
        elif re.fullmatch(_PATH, text) and waiting[:1] == ["="]:
            text = " ".join([text, *waiting[:2]])
            del waiting[:2]
        yield text


def _slip(source: Source, path: str, written: str) -> Diagnostic | None:
    """Return the finding of a typing mistake around the `=` or in the path, if there is one."""
    if not path.isprintable():
        return _wrong(source, "a key contains unprintable characters")
    bare, value = path.strip(), written.strip()
    if bare != path:
        return _wrong(source, "space before `=`", f"write {bare}={value}")
    if written.startswith("="):
        return _wrong(source, "`==` in an override", f"write {path}={written.lstrip('=')}")
    if "/" in path:
        dotted = path.strip("/").replace("/", ".")
        return _wrong(source, "`/` in a key: keys are joined by dots", f"write {dotted}={written}")
    return None


def _no_pair(source: Source, text: str) -> Diagnostic:
    """Return the finding of a malformed override, such as `key: value` or `key value`."""
    found = re.fullmatch(rf"({_PATH})(?:: *| )(\S.*)", text)
    hint = f"write {found[1]}={found[2]}" if found else ""
    if text.endswith((".yaml", ".yml", ".json")):
        hint = "a run has one recipe; write other values as KEY=VALUE"
    return _wrong(source, f"expected key=value, found {shown(text)}", hint)


def _wrong(source: Source, message: str, hint: str = "") -> Diagnostic:
    return Diagnostic(
        code="wrong-override",
        message=message,
        span=source.line(1),
        help=hint
        or "such as optimizer.learning_rate=1e-5 or checkpoint.0.output_dir=./runs/second",
    )
