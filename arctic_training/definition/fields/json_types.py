"""The JSON Schema of a config field."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final, assert_never, cast

from arctic_training.definition.fields.sample_values import sample
from arctic_training.definition.fields.scalar_schema import scalar_schema
from arctic_training.definition.fields.types import (
    ChoiceType,
    FieldSpec,
    FieldType,
    ListType,
    MapType,
    Missing,
    NullableType,
    ObjectType,
    ScalarType,
    TaggedType,
    TupleType,
    UnionType,
)
from arctic_training.document import JSON
from arctic_training.document.schema_forms import (
    JSONSchema,
    exactly,
    for_editors,
    nullable,
    tagged_by,
    with_former_names,
)
from arctic_training.validation import Schema

__all__ = ["field_schema", "former_names", "json_schema"]

_LONGEST: Final = 200
"""How many characters an example has at most."""


def field_schema(field: FieldSpec) -> JSONSchema:
    """Return the schema of a field with its description, and its default or else an example."""
    schema = json_schema(field.type)
    if isinstance(field.default, Missing):
        schema = schema | _example(field.type, schema)
    else:
        schema = schema | {"default": field.default}
    if field.description:
        schema = {"description": field.description, **schema}
    if field.deprecated:
        schema = schema | {"deprecationMessage": field.deprecated}
    return for_editors(schema)


def _example(kind: FieldType, schema: JSONSchema) -> JSONSchema:
    """Return an example of a type; none where a pattern takes no sample, or it would be long."""
    some = sample(kind)
    is_long = len(json.dumps(some)) > _LONGEST
    is_wrong = is_long or any(Schema(cast("dict[str, JSON]", schema)).errors(some))
    return {} if is_wrong else {"examples": [some]}


def json_schema(kind: FieldType) -> JSONSchema:
    """Return the schema of the values of a type."""
    match kind:
        case ScalarType():
            return scalar_schema(kind)
        case ChoiceType(options=options):
            return {"enum": list(options)}
        case ListType():
            return _list(kind)
        case TupleType(items=items):
            return exactly([json_schema(item) for item in items])
        case MapType(value=value):
            return {"type": "object", "additionalProperties": json_schema(value)}
        case ObjectType():
            return _object(kind)
        case NullableType(inner=inner):
            return nullable(json_schema(inner))
        case UnionType(members=members):
            return {"anyOf": [json_schema(member) for member in members]}
        case TaggedType(tag=tag, members=tagged):
            return tagged_by(tag, {value: _object(member) for value, member in tagged.items()})
        case _:
            assert_never(kind)


def _list(kind: ListType) -> JSONSchema:
    unique = {"uniqueItems": True} if kind.is_unique else {}
    return {"type": "array", "items": json_schema(kind.item), **dict(kind.limits), **unique}


def _object(kind: ObjectType) -> JSONSchema:
    schema: JSONSchema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {field.name: field_schema(field) for field in kind.fields},
    }
    if required := [field.name for field in kind.fields if field.is_required]:
        schema = schema | {"required": required}
    return with_former_names(schema, former_names(kind.fields))


def former_names(keys: Iterable[FieldSpec]) -> dict[str, tuple[str, ...]]:
    """Return the former names of those fields that have some."""
    return {field.name: field.renamed_from for field in keys if field.renamed_from}
