"""What is wrong with the config fields of a definition that its schema cannot say."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final

from arctic_training.definition.factories.custom import base_section, own_factories
from arctic_training.definition.fields.former_names import former_name_problems
from arctic_training.definition.fields.keywords import (
    LISTED,
    NUMERIC,
    TEXTUAL,
    keywords,
    kind_of,
    nested_kind,
)
from arctic_training.definition.fields.lists import list_problems
from arctic_training.definition.fields.unions import union_problems
from arctic_training.definition.fields.values import (
    choice_problems,
    default_problems,
    pattern_problems,
)
from arctic_training.definition.names import RECIPE, reserved_reason
from arctic_training.definition.references import shared_fields
from arctic_training.diagnostics import Diagnostic, Span
from arctic_training.document import JSON, MapNode, Node, Pointer, find, key_span, value_span

__all__ = ["field_problems"]

_ITEMS: Final = ("items", "additionalItems", "uniqueItems")
_MEANINGFUL: Final[dict[str, tuple[str, ...]]] = {
    "integer": NUMERIC,
    "number": NUMERIC[:-1],
    "string": (*TEXTUAL, "format"),
    "array": (*LISTED, *_ITEMS),
    "object": ("properties", "additionalProperties"),
}
_ANYWHERE: Final = {"type", "description"}
_OF_SHARED: Final = {"default"}
_OF_FIELD: Final = {"default", "renamed_from", "deprecated"}
"""Keywords of what has a name: of a shared schema, and of a field."""

_WHOLE: Final = ("$ref", "anyOf", "oneOf")
"""Keywords that say all that a value is."""

_INNER: Final = ("items", "additionalProperties", "anyOf", "oneOf")
"""Keywords under which there are other schemas."""


def field_problems(document: Node) -> Iterator[Diagnostic]:
    """Find what the schema of definitions cannot say about the fields of a linked one."""
    places = shared_fields(document)
    shared = [p for place in places for p in _problems(document, place, named=_OF_SHARED)]
    yield from shared
    properties = ("config_type", "properties")
    yield from _fields(document, properties, config_class=RECIPE, is_shared_right=not shared)
    for slot, factory in own_factories(document):
        base = base_section(document, slot, factory)
        place = (*factory, *properties)
        yield from _fields(document, place, config_class=base, is_shared_right=not shared)


def _fields(
    document: Node, pointer: Pointer, *, config_class: str = "", is_shared_right: bool = True
) -> Iterator[Diagnostic]:
    """Find what is wrong with the fields of a class; those of an object derive from none."""
    properties = find(document, pointer)
    if not isinstance(properties, MapNode):
        return
    yield from former_name_problems(properties, in_recipe=config_class == RECIPE)
    for name, entry in properties.entries.items():
        if reason := reserved_reason(name, config_class=config_class):
            message = f"a field cannot be called `{name}`: {reason}"
            yield Diagnostic(code="reserved-name", message=message, span=entry.key)
        if not nested_kind(entry.value):
            place = (*pointer, name)
            yield from _problems(document, place, is_shared_right=is_shared_right, named=_OF_FIELD)


def _problems(
    document: Node,
    pointer: Pointer,
    *,
    is_shared_right: bool = True,
    named: AbstractSet[str] = frozenset(),
) -> Iterator[Diagnostic]:
    """Find what is wrong with one schema, and with those inside it.

    ``named`` are the keywords that it has because it has a name.
    """
    schema = keywords(document, pointer)
    if schema.get("type") == "null":
        return
    found = [
        *_meaningless(document, pointer, schema, named),
        *_unfinished(document, pointer, schema),
        *pattern_problems(document, pointer, schema),
        *choice_problems(document, pointer, schema),
    ]
    for place in _inner(schema, pointer):
        found += _problems(document, place, is_shared_right=is_shared_right)
    below = (*pointer, "properties")
    found += _fields(document, below, is_shared_right=is_shared_right)
    found = found or [*union_problems(document, pointer, schema)]
    yield from found
    if not found and "default" in schema and is_shared_right:
        yield from default_problems(document, pointer)


def _inner(schema: dict[str, JSON], pointer: Pointer) -> Iterator[Pointer]:
    for keyword in _INNER:
        match schema.get(keyword):
            case list(parts):
                yield from ((*pointer, keyword, index) for index in range(len(parts)))
            case dict():
                yield (*pointer, keyword)
            case _:
                pass


def _meaningless(
    document: Node, pointer: Pointer, schema: dict[str, JSON], named: AbstractSet[str]
) -> Iterator[Diagnostic]:
    """Find keywords that say nothing about the type that they stand beside."""
    allowed, what = _allowed(schema)
    for keyword in schema:
        if keyword == "multipleOf" and kind_of(schema) == "number":
            yield _inexact(key_span(document, (*pointer, keyword)))
        elif keyword not in allowed | named:
            where = "here: only a field has one" if keyword in _OF_FIELD else f"beside {what}"
            yield Diagnostic(
                code="not-allowed",
                message=f"`{keyword}` says nothing {where}",
                span=key_span(document, (*pointer, keyword)),
            )


def _inexact(span: Span) -> Diagnostic:
    return Diagnostic(
        code="not-supported",
        message="`multipleOf` is for whole numbers: of a `number`, rounding would decide, as with "
        "0.3 and 0.1",
        span=span,
        hint="take `type: integer` in a smaller unit, or leave `multipleOf` out",
    )


def _allowed(schema: dict[str, JSON]) -> tuple[set[str], str]:
    """Return the keywords that mean something in a schema, and what it is by which they do."""
    for keyword in _WHOLE:
        if keyword in schema:
            return {keyword, "description"}, f"`{keyword}`"
    if fixed := {"enum", "const"} & schema.keys():
        return _ANYWHERE | fixed, " and ".join(f"`{keyword}`" for keyword in sorted(fixed))
    if "format" in schema and kind_of(schema) == "string":
        return _ANYWHERE | {"format"}, "`format`"
    kind = kind_of(schema)
    return _ANYWHERE | set(_MEANINGFUL.get(kind, ())), f"the type `{kind}`"


def _unfinished(document: Node, pointer: Pointer, schema: dict[str, JSON]) -> Iterator[Diagnostic]:
    """Find lists without a type of their items, and objects without fields."""
    kind, span = kind_of(schema), value_span(document, (*pointer, "type"))
    if {"enum", "const", *_WHOLE} & schema.keys():
        return
    if kind == "array":
        yield from list_problems(document, pointer, schema)
    extra = schema.get("additionalProperties", False)
    if kind == "object" and ("properties" in schema) == (extra is not False):
        message = "an object has either `properties` or `additionalProperties`"
        yield Diagnostic(
            code="missing-key",
            message=message,
            span=span,
            hint="`properties: {size: {type: number}}` names the keys, and "
            "`additionalProperties: {type: number}` takes any",
        )
