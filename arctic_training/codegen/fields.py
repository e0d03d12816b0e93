"""Config fields of a definition: JSON Schema to types, and what is wrong with them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Final, cast

from jsonschema_rs import Draft7Validator, RegexOptions

from arctic_training.codegen.json_types import json_schema
from arctic_training.codegen.names import camel_case, reserved_reason
from arctic_training.codegen.spec import (
    MISSING,
    ChoiceType,
    FieldSpec,
    FieldType,
    ListType,
    MapType,
    Missing,
    NullableType,
    ObjectType,
    ScalarKind,
    ScalarType,
)
from arctic_training.diagnostics import Diagnostic
from arctic_training.document import (
    JSON,
    MapNode,
    Node,
    Pointer,
    Schema,
    check,
    find,
    key_span,
    plain,
    value_span,
    with_numbers,
)

__all__ = ["described", "field_problems", "nested_kind", "read_fields"]

_NUMERIC: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_TEXTUAL: Final = ("minLength", "maxLength", "pattern")
_LISTED: Final = ("minItems", "maxItems")
_MEANINGFUL: Final[dict[str, tuple[str, ...]]] = {
    "integer": _NUMERIC,
    "number": _NUMERIC[:-1],
    "string": (*_TEXTUAL, "format"),
    "array": (*_LISTED, "items"),
    "object": ("properties", "additionalProperties"),
}
_ANYWHERE: Final = {"type", "description", "default"}


def described(schema: Mapping[str, JSON], otherwise: str = "") -> str:
    """Return a description as every reader of a docstring gets it: without indentation."""
    text = inspect.cleandoc(str(schema.get("description", otherwise)))
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def read_fields(properties: Node, pointer: Pointer, owner: str) -> tuple[FieldSpec, ...]:
    """Return the fields of a checked ``properties`` mapping, without the nested sections.

    ``owner`` begins the names of the models that nested objects need.
    """
    assert isinstance(properties, MapNode)
    return tuple(
        _field(name, entry.value, (*pointer, name), owner)
        for name, entry in properties.entries.items()
        if not nested_kind(entry.value)
    )


def nested_kind(field: Node) -> str:
    """Return the kind of factory that a field is a section of; empty where it is a value."""
    kind = find(field, ("factory",))
    return str(plain(kind)) if kind else ""


def _field(name: str, node: Node, pointer: Pointer, owner: str) -> FieldSpec:
    schema = _keywords(node)
    kind = _type(schema, node, pointer, owner + camel_case(name))
    default: JSON | Missing = MISSING
    if (given := find(node, ("default",))) is not None:
        default = plain(with_numbers(given, Schema(_as_schema(kind))))
    elif "const" in schema:
        default = schema["const"]
    return FieldSpec(name, kind, described(schema), default, pointer)


def _type(schema: dict[str, JSON], node: Node, pointer: Pointer, class_name: str) -> FieldType:
    kind = schema.get("type")
    if isinstance(kind, list):
        named = next(str(k) for k in kind if k != "null")
        inner = _type(schema | {"type": named}, node, pointer, class_name)
        return inner if isinstance(inner, NullableType) else NullableType(inner)
    if "const" in schema:
        return _choice([schema["const"]])
    if "enum" in schema:
        return _choice(cast("list[JSON]", schema["enum"]))
    if kind == "array":
        items = find(node, ("items",)) or node
        item = _type(_keywords(items), items, (*pointer, "items"), class_name)
        return ListType(item, _limits(schema, _LISTED))
    if kind == "object":
        return _object(schema, node, pointer, class_name)
    if schema.get("format") == "path":
        return ScalarType("path")
    return ScalarType(cast("ScalarKind", kind), _limits(schema, (*_NUMERIC, *_TEXTUAL)))


def _choice(options: list[JSON]) -> FieldType:
    given = [_whole(option) for option in options if option is not None]
    choice = ChoiceType(cast("tuple[str | int | bool, ...]", tuple(given)))
    return NullableType(choice) if None in options else choice


def _object(
    schema: dict[str, JSON], node: Node, pointer: Pointer, class_name: str
) -> ObjectType | MapType:
    values = find(node, ("additionalProperties",))
    if values is not None:
        below = (*pointer, "additionalProperties")
        return MapType(_type(_keywords(values), values, below, class_name))
    properties = find(node, ("properties",))
    assert properties is not None, "field_problems refuses an object without properties"
    fields = read_fields(properties, (*pointer, "properties"), class_name)
    return ObjectType(f"{class_name}Config", described(schema), fields, pointer)


def _limits(
    schema: dict[str, JSON], keywords: tuple[str, ...]
) -> tuple[tuple[str, int | float | str], ...]:
    return tuple(
        (keyword, cast("int | float | str", _whole(schema[keyword])))
        for keyword in keywords
        if keyword in schema
    )


def _whole(value: JSON) -> JSON:
    """Return `1.0` as 1: JSON Schema makes no difference, Python does."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _keywords(node: Node) -> dict[str, JSON]:
    schema = plain(node)
    assert isinstance(schema, dict)
    return schema


def _as_schema(kind: FieldType) -> dict[str, JSON]:
    return cast("dict[str, JSON]", json_schema(kind))


def field_problems(document: Node, pointer: Pointer, *, in_recipe: bool) -> Iterator[Diagnostic]:
    """Find what the schema of definitions cannot say about the fields below ``pointer``."""
    properties = find(document, pointer)
    if not isinstance(properties, MapNode):
        return
    for name, entry in properties.entries.items():
        at = (*pointer, name)
        if reason := reserved_reason(name, in_recipe=in_recipe):
            message = f"a field cannot be called `{name}`: {reason}"
            yield Diagnostic(code="reserved-name", message=message, span=entry.key)
        if not nested_kind(entry.value):
            yield from _schema_problems(document, at)


def _schema_problems(document: Node, pointer: Pointer) -> Iterator[Diagnostic]:
    """Find what is wrong with one schema of a field, and with those inside it."""
    node = find(document, pointer)
    assert node is not None
    schema = _keywords(node)
    problems = [
        *_meaningless(document, pointer, schema),
        *_unfinished(document, pointer, schema),
        *_bad_pattern(document, pointer, schema),
        *_ill_typed(document, pointer, schema),
    ]
    for step in ("items", "additionalProperties"):
        if step in schema:
            problems += _schema_problems(document, (*pointer, step))
    problems += field_problems(document, (*pointer, "properties"), in_recipe=False)
    yield from problems
    if not problems and "default" in schema:
        yield from _bad_default(document, pointer)


def _kind(schema: dict[str, JSON]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        return next((str(k) for k in kind if k != "null"), "null")
    return str(kind) if kind else ""


def _meaningless(document: Node, pointer: Pointer, schema: dict[str, JSON]) -> Iterator[Diagnostic]:
    """Find keywords that say nothing about the type that they stand beside."""
    kind = _kind(schema)
    fixed = {"enum", "const"} & schema.keys()
    allowed = _ANYWHERE | fixed | set(() if fixed else _MEANINGFUL.get(kind, ()))
    what = " and ".join(f"`{keyword}`" for keyword in sorted(fixed)) or f"the type `{kind}`"
    for keyword in schema:
        if keyword not in allowed:
            yield Diagnostic(
                code="not-allowed",
                message=f"`{keyword}` says nothing beside {what}",
                span=key_span(document, (*pointer, keyword)),
            )


def _unfinished(document: Node, pointer: Pointer, schema: dict[str, JSON]) -> Iterator[Diagnostic]:
    """Find lists without a type of their items, and objects without fields."""
    kind, span = _kind(schema), value_span(document, (*pointer, "type"))
    if {"enum", "const"} & schema.keys():
        return
    if kind == "array" and "items" not in schema:
        yield Diagnostic(code="missing-key", message="`items` is missing", span=span)
    given = {"properties", "additionalProperties"} & schema.keys()
    if kind == "object" and len(given) != 1:
        message = "an object has either `properties` or `additionalProperties`"
        yield Diagnostic(code="missing-key", message=message, span=span)
    if schema.get("format") == "path" and schema.get("default") is not None:
        yield Diagnostic(
            code="not-supported",
            message="a path cannot have a default but null: it would start nowhere",
            span=value_span(document, (*pointer, "default")),
        )


def _bad_pattern(document: Node, pointer: Pointer, schema: dict[str, JSON]) -> Iterator[Diagnostic]:
    """Find regular expressions that the models of the recipe cannot run."""
    if "pattern" not in schema:
        return
    try:
        Draft7Validator({"pattern": schema["pattern"]}, pattern_options=RegexOptions())
    except ValueError as error:
        yield Diagnostic(
            code="not-supported",
            message=f"`{schema['pattern']}` is not a regular expression that is supported here",
            span=value_span(document, (*pointer, "pattern")),
            hint=f"{str(error).splitlines()[0]}; look-around and back-references are not supported",
        )


def _ill_typed(document: Node, pointer: Pointer, schema: dict[str, JSON]) -> Iterator[Diagnostic]:
    """Find values to choose that are not of the type, and limits that it cannot have."""
    field = find(document, pointer)
    assert field is not None
    if schema.get("enum") == [None]:
        message = "there is no value to choose beside null"
        span = value_span(document, (*pointer, "enum"))
        yield Diagnostic(code="not-allowed", message=message, span=span)
    of_type: JSON = {"type": schema["type"]} if "type" in schema else {}
    rules: dict[str, JSON] = {"const": of_type, "enum": {"items": of_type}}
    if _kind(schema) == "integer":
        rules |= {keyword: {"type": "integer"} for keyword in _NUMERIC}
    yield from check(field, Schema({"properties": rules}))


def _bad_default(document: Node, pointer: Pointer) -> Iterator[Diagnostic]:
    """Hold a default against its own schema, which neither mypy nor an import does."""
    field = find(document, pointer)
    default = find(document, (*pointer, "default"))
    assert field is not None
    assert default is not None
    kind = _type(_keywords(field), field, pointer, "")
    yield from check(default, Schema(_as_schema(kind)))
