"""The JSON Schema of a config field."""

from __future__ import annotations

from typing import assert_never

from arctic_training.codegen.spec import (
    ChoiceType,
    FieldSpec,
    FieldType,
    ListType,
    MapType,
    Missing,
    NullableType,
    ObjectType,
    ScalarType,
)
from arctic_training.config.numbers import NUMBER_PATTERN
from arctic_training.config.schema import JSONSchema, nullable

__all__ = ["field_schema", "json_schema"]


def field_schema(field: FieldSpec) -> JSONSchema:
    """Return the schema of a field with its description and its default."""
    schema = json_schema(field.type)
    if field.description:
        schema = {"description": field.description, **schema}
    if not isinstance(field.default, Missing):
        schema = schema | {"default": field.default}
    return schema


def json_schema(kind: FieldType) -> JSONSchema:
    """Return the schema of the values of a type."""
    match kind:
        case ScalarType(kind="integer" | "number" as name, limits=limits):
            return {"type": [name, "string"], **dict(limits), "pattern": NUMBER_PATTERN}
        case ScalarType(kind="path"):
            return {"type": "string", "format": "path"}
        case ScalarType(kind=name, limits=limits):
            return {"type": name, **dict(limits)}
        case ChoiceType(options=options):
            return {"enum": list(options)}
        case ListType(item=item, limits=limits):
            return {"type": "array", "items": json_schema(item), **dict(limits)}
        case MapType(value=value):
            return {"type": "object", "additionalProperties": json_schema(value)}
        case ObjectType():
            return _object(kind)
        case NullableType(inner=inner):
            return nullable(json_schema(inner))
        case _:
            assert_never(kind)


def _object(kind: ObjectType) -> JSONSchema:
    schema: JSONSchema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {field.name: field_schema(field) for field in kind.fields},
    }
    required = [field.name for field in kind.fields if field.is_required]
    return schema | {"required": required} if required else schema
