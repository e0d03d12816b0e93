"""Former names of keys, and deprecated keys.

A schema marks a former name with `x-renamed-to`, and a deprecated key with `deprecationMessage`,
which editors show.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from arctic_training.diagnostics import Diagnostic, Related, Severity
from arctic_training.document.edits import Rename, renamed
from arctic_training.document.node import JSON, MapNode, Node, Pointer, find, key_span
from arctic_training.validation.schema import Schema, Subschema

__all__ = ["former_names", "is_former", "name_problems", "rename_problems", "with_names"]

_RENAMED: Final = "x-renamed-to"
_DEPRECATED: Final = "deprecationMessage"


def former_names(node: Node, schema: Schema) -> list[Rename]:
    """Return the renames of a document's keys from former names to current ones."""
    marked = _marked(node, schema, _RENAMED)
    return [Rename(pointer, str(rule[_RENAMED])) for pointer, rule in marked]


def with_names(node: Node, schema: Schema) -> Node:
    """Return the document with current names; a key under both names keeps the current one."""
    return renamed(node, former_names(node, schema))


def rename_problems(node: Node, schema: Schema) -> Iterator[Diagnostic]:
    """Find former names, and keys that are set under two of their names."""
    first: dict[Pointer, Pointer] = {}
    for rename in former_names(node, schema):
        now = (*rename.pointer[:-1], rename.key)
        other = now if find(node, now) else first.setdefault(now, rename.pointer)
        if other != rename.pointer:
            yield _twice(node, rename, other)
        else:
            yield _deprecated(
                node,
                rename.pointer,
                f"`{rename.pointer[-1]}` is called `{rename.key}` now",
                hint=f"write `{rename.key}`; `arctic-gen migrate` does so in files",
            )


def name_problems(node: Node, schema: Schema) -> Iterator[Diagnostic]:
    """Find former names, keys that are set under two of their names, and deprecated keys."""
    yield from rename_problems(node, schema)
    for pointer, rule in _marked(node, schema, _DEPRECATED):
        if _RENAMED not in rule:
            yield _deprecated(node, pointer, f"`{pointer[-1]}` is deprecated: {rule[_DEPRECATED]}")


def is_former(rule: JSON) -> bool:
    """Return whether the rule of a key says that it is a former name."""
    return isinstance(rule, dict) and _RENAMED in rule


def _marked(node: Node, schema: Schema, mark: str) -> Iterator[tuple[Pointer, Subschema]]:
    """Iterate over the places of keys whose rule has a mark, each with its rule."""
    if mark not in schema.keywords:
        return
    for pointer, inner, applying in schema.walk(node):
        if isinstance(inner, MapNode):
            rules = _with_mark(applying, mark)
            yield from (((*pointer, key), rules[key]) for key in inner.entries if key in rules)


def _with_mark(applying: list[Subschema], mark: str) -> dict[str, Subschema]:
    """Return the rules of keys that have a mark; of a key with several, the first."""
    found: dict[str, Subschema] = {}
    for subschema in applying:
        properties = subschema.get("properties")
        for key, rule in properties.items() if isinstance(properties, dict) else ():
            if isinstance(rule, dict) and mark in rule:
                found.setdefault(key, rule)
    return found


def _deprecated(node: Node, pointer: Pointer, message: str, hint: str = "") -> Diagnostic:
    return Diagnostic(
        code="deprecated-key",
        message=message,
        span=key_span(node, pointer),
        severity=Severity.WARNING,
        help=hint,
    )


def _twice(node: Node, rename: Rename, other: Pointer) -> Diagnostic:
    return Diagnostic(
        code="duplicate-key",
        message=f"`{rename.pointer[-1]}` is `{rename.key}`, which is set already",
        span=key_span(node, rename.pointer),
        related=(Related("set here", key_span(node, other)),),
        help="remove one of the two",
    )
