"""The Python type and the default of a config field, as code."""

from __future__ import annotations

from typing import Final, assert_never, cast

from arctic_training.codegen.code import Code, Imports, literal
from arctic_training.codegen.pydantic_patterns import rust_pattern
from arctic_training.config.slots import ImportPath
from arctic_training.definition.fields.json_types import json_schema
from arctic_training.definition.fields.types import (
    ChoiceType,
    FieldSpec,
    FieldType,
    Limits,
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
from arctic_training.validation import Schema

__all__ = ["annotation", "default", "renamed"]

_KEYWORDS: Final = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
    "minLength": "min_length",
    "maxLength": "max_length",
    "minItems": "min_length",
    "maxItems": "max_length",
    "pattern": "pattern",
}
_BASE: Final = "arctic_training.config.base"
_UNLIMITED: Final = {"integer": "HumanInt", "number": "HumanFloat"}


def annotation(kind: FieldType, imports: Imports) -> Code:
    """Return the annotation of a type, and import what it needs."""
    match kind:
        case ScalarType():
            return _scalar(kind, imports)
        case ChoiceType(options=options):
            return _chosen(options, imports)
        case ListType(item=item, limits=limits, is_unique=is_unique):
            unique = [_marker("markers", "Unique", imports)] if is_unique else []
            listed = Code(f"list[{annotation(item, imports)}]")
            return _annotated(listed, [*_field(limits, imports), *unique], imports)
        case TupleType(items=items):
            inner = Code(", ").join(annotation(item, imports) for item in items)
            lists_too = Code(f"{imports.use(ImportPath('pydantic', 'Field'))}(strict=False)")
            return _annotated(Code(f"tuple[{inner}]"), [lists_too], imports)
        case MapType(value=value):
            return Code(f"dict[str, {annotation(value, imports)}]")
        case ObjectType(class_name=class_name):
            return Code(class_name)
        case NullableType(inner=inner):
            return Code(f"{annotation(inner, imports)} | None")
        case UnionType(members=members):
            return Code(" | ").join(annotation(member, imports) for member in members)
        case TaggedType(tag=tag, members=tagged):
            union = Code(" | ").join(Code(member.class_name) for member in tagged.values())
            field = imports.use(ImportPath("pydantic", "Field"))
            told_apart = Code(f"{field}(discriminator={literal(tag)})")
            return _annotated(union, [told_apart], imports)
        case _:
            assert_never(kind)


def renamed(kind: Code, name: str, former: tuple[str, ...], imports: Imports) -> Code:
    """Return the annotation of a field that has former names as well."""
    if not former:
        return kind
    names = Code(", ").join(map(literal, (name, *former)))
    choices = imports.use(ImportPath("pydantic", "AliasChoices"))
    field = imports.use(ImportPath("pydantic", "Field"))
    return _annotated(kind, [Code(f"{field}(validation_alias={choices}({names}))")], imports)


def _chosen(options: tuple[str | int | bool, ...], imports: Imports) -> Code:
    listed = Code(", ").join(map(literal, options))
    choice = Code(f"{imports.use(ImportPath('typing', 'Literal'))}[{listed}]")
    if all(isinstance(option, str) for option in options):
        return choice
    return _annotated(choice, [_marker("markers", "Exact", imports)], imports)


def _scalar(kind: ScalarType, imports: Imports) -> Code:
    match kind.kind:
        case "boolean":
            return Code("bool")
        case "string":
            return _annotated(Code("str"), _field(kind.limits, imports), imports)
        case "path":
            return imports.use(ImportPath(_BASE, "PathInRecipe"))
        case "uri":
            return imports.use(ImportPath(_BASE, "URI"))
        case "integer" | "number" as number if not kind.limits and not kind.is_bare:
            return imports.use(ImportPath(_BASE, _UNLIMITED[number]))
        case "integer" | "number" as number:
            marker = _marker("base", "Bare" if kind.is_bare else "Human", imports)
            name = Code("int" if number == "integer" else "float")
            return _annotated(name, [*_field(kind.limits, imports), marker], imports)
        case _:
            assert_never(kind.kind)


def _marker(module: str, name: str, imports: Imports) -> Code:
    return Code(f"{imports.use(ImportPath(f'arctic_training.config.{module}', name))}()")


def _field(limits: Limits, imports: Imports) -> list[Code]:
    """Return the call of pydantic's that sets some limits, if there are any."""
    arguments = ", ".join(f"{_KEYWORDS[key]}={_limit(key, value)}" for key, value in limits)
    return [Code(f"{imports.use(ImportPath('pydantic', 'Field'))}({arguments})")] if limits else []


def _limit(keyword: str, value: float | str) -> Code:
    return literal(rust_pattern(str(value)) if keyword == "pattern" else value)


def _annotated(kind: Code, markers: list[Code], imports: Imports) -> Code:
    if not markers:
        return kind
    annotated = imports.use(ImportPath("typing", "Annotated"))
    return Code(f"{annotated}[{Code(', ').join([kind, *markers])}]")


def default(field: FieldSpec) -> Code | None:
    """Return the default of a field, or None where the recipe has to give it."""
    if not isinstance(field.default, Missing):
        return _value(field.default, field.type)
    if isinstance(field.type, ObjectType) and not field.is_required:
        return Code(f"{field.type.class_name}()")
    return None


def _value(value: JSON, kind: FieldType) -> Code:
    match kind, value:
        case NullableType(inner=inner), _ if value is not None:
            return _value(value, inner)
        case ScalarType(kind="number"), int() | float():
            return literal(float(value))
        case ScalarType(kind="integer"), float():
            return literal(int(value))
        case TupleType(items=items), list():
            values = (_value(v, item) for v, item in zip(value, items, strict=True))
            return Code(f"({Code(', ').join(values)},)")
        case UnionType(members=members), _:
            return _value(value, next(m for m in members if _takes(m, value)))
        case TaggedType(tag=tag, members=tagged), dict():
            return _value(value, tagged[str(value[tag])])
        case ListType(item=item), list():
            return Code(f"[{Code(', ').join(_value(v, item) for v in value)}]")
        case MapType(value=inner), dict():
            pairs = [Code(f"{literal(k)}: {_value(v, inner)}") for k, v in value.items()]
            return Code(f"{{{Code(', ').join(pairs)}}}")
        case ObjectType(class_name=name, fields=fields), dict():
            types = {field.name: field.type for field in fields}
            pairs = [Code(f"{k}={_value(v, types[k])}") for k, v in value.items()]
            return Code(f"{name}({Code(', ').join(pairs)})")
        case _:
            return literal(value)


def _takes(kind: FieldType, value: JSON) -> bool:
    return not [*Schema(cast("dict[str, JSON]", json_schema(kind))).errors(value)]
