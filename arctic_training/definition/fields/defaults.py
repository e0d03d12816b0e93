"""Defaults of config fields, each held against the type of its field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from arctic_training.definition.fields.json_types import json_schema
from arctic_training.definition.fields.types import (
    ChoiceType,
    FieldSpec,
    FieldType,
    Limits,
    ListType,
    MapType,
    NullableType,
    ObjectType,
    ScalarType,
    TaggedType,
    TupleType,
    UnionType,
)
from arctic_training.diagnostics import Diagnostic
from arctic_training.document import JSON, Node, ScalarNode, plain
from arctic_training.validation import Schema, check, completed
from arctic_training.validation.schema import Subschema

__all__ = ["Default", "read_default"]


@dataclass(frozen=True, slots=True)
class Default:
    """A default: where it is written, and its value with numbers made of texts such as `2k`."""

    node: Node
    value: JSON


def read_default(node: Node, kind: FieldType) -> tuple[Default, list[Diagnostic]]:
    """Return a default, and what is wrong with it for its type."""
    value = plain(node)
    if _is_taken(kind, value):
        return Default(node, value), []
    schema = _schema_of_scalar(kind) if isinstance(kind, ScalarType) else _schema_of(kind)
    problems = [*check(node, schema), *_paths(node, schema)]
    return Default(node, plain(completed(node, schema))), problems


def _schema_of(kind: FieldType) -> Schema:
    return Schema(cast("dict[str, JSON]", json_schema(kind)))


@lru_cache(maxsize=256)
def _schema_of_scalar(kind: ScalarType) -> Schema:
    """Return the schema of a scalar, which is often that of other fields too."""
    return _schema_of(kind)


def _paths(default: Node, schema: Schema) -> list[Diagnostic]:
    found: list[Diagnostic] = []

    def visit(node: ScalarNode, applying: list[Subschema]) -> ScalarNode:
        if isinstance(node.value, str) and any(rule.get("format") == "path" for rule in applying):
            found.append(
                Diagnostic(
                    code="not-supported",
                    message="path fields may only default to null: "
                    "there is no base directory to resolve against",
                    span=node.span,
                )
            )
        return node

    schema.rewrite(default, visit)
    return found


def _is_taken(kind: FieldType, value: JSON) -> bool:
    """Return whether a type accepts a value unchanged, as far as that is known without its schema.

    Most defaults are. A schema has to be compiled, which costs more than all else that is read.
    """
    match kind, value:
        case NullableType(inner=inner), _:
            return value is None or _is_taken(inner, value)
        case ScalarType(), _:
            return _is_scalar_taken(kind, value)
        case ChoiceType(options=options), _:
            return any(type(option) is type(value) and option == value for option in options)
        case ListType(item=item), list():
            return _has_fitting_length(kind, value) and all(_is_taken(item, v) for v in value)
        case TupleType(items=items), list():
            return len(items) == len(value) and all(map(_is_taken, items, value))
        case MapType(value=inner), dict():
            return all(_is_taken(inner, each) for each in value.values())
        case ObjectType(fields=fields), dict():
            return _is_object_taken(fields, value)
        case UnionType(members=members), _:
            return any(_is_taken(member, value) for member in members)
        case TaggedType(tag=tag, members=members), dict():
            member = members.get(str(value.get(tag)))
            return member is not None and _is_object_taken(member.fields, value)
        case _:
            return False


def _has_fitting_length(kind: ListType, value: list[JSON]) -> bool:
    limits = dict(kind.limits)
    is_long_enough = float(limits.get("minItems", 0)) <= len(value)
    is_short_enough = len(value) <= float(limits.get("maxItems", len(value)))
    return is_long_enough and is_short_enough and not (kind.is_unique and _repeats(value))


def _repeats(value: list[JSON]) -> bool:
    """Return whether two items may be equal; of others than scalars, that is not known."""
    scalars = {each for each in value if not isinstance(each, list | dict)}
    return len(scalars) < len(value)


def _is_object_taken(fields: tuple[FieldSpec, ...], value: Mapping[str, JSON]) -> bool:
    known = {field.name: field for field in fields}
    if not value.keys() <= known.keys():
        return False
    return all(
        not field.is_required
        if name not in value
        else not field.deprecated and _is_taken(field.type, value[name])
        for name, field in known.items()
    )


def _is_scalar_taken(kind: ScalarType, value: JSON) -> bool:
    match kind.kind:
        case "boolean":
            return isinstance(value, bool)
        case "integer" if isinstance(value, int) and not isinstance(value, bool):
            return _is_within(kind.limits, value)
        case "number" if isinstance(value, int | float) and not isinstance(value, bool):
            return _is_within(kind.limits, value)
        case "string" if isinstance(value, str):
            return not kind.limits
        case _:
            return False


def _is_within(limits: Limits, value: float) -> bool:
    for name, limit in limits:
        if isinstance(limit, str) or name == "multipleOf":
            return False
        beyond = limit - value if "inimum" in name else value - limit
        if beyond > 0 or (name.startswith("exclusive") and beyond == 0):
            return False
    return True
