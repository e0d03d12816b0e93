"""The Python type and the default of a config field, as code."""

from __future__ import annotations

from typing import Final, assert_never

from arctic_training.codegen.code import Code, Imports, literal
from arctic_training.codegen.spec import (
    ChoiceType,
    FieldSpec,
    FieldType,
    ImportPath,
    ListType,
    MapType,
    Missing,
    NullableType,
    ObjectType,
    ScalarType,
)
from arctic_training.document import JSON

__all__ = ["annotation", "default"]

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
        case ListType(item=item, limits=limits):
            return _limited(Code(f"list[{annotation(item, imports)}]"), limits, imports)
        case MapType(value=value):
            return Code(f"dict[str, {annotation(value, imports)}]")
        case ObjectType(class_name=class_name):
            return Code(class_name)
        case NullableType(inner=inner):
            return Code(f"{annotation(inner, imports)} | None")
        case _:
            assert_never(kind)


def _chosen(options: tuple[str | int | bool, ...], imports: Imports) -> Code:
    listed = Code(", ").join(map(literal, options))
    choice = Code(f"{imports.use(ImportPath('typing', 'Literal'))}[{listed}]")
    if all(isinstance(option, str) for option in options):
        return choice
    annotated = imports.use(ImportPath("typing", "Annotated"))
    exact = imports.use(ImportPath("arctic_training.config.exact", "Exact"))
    return Code(f"{annotated}[{choice}, {exact}()]")


def _scalar(kind: ScalarType, imports: Imports) -> Code:
    match kind.kind:
        case "boolean":
            return Code("bool")
        case "string":
            return _limited(Code("str"), kind.limits, imports)
        case "path":
            return imports.use(ImportPath(_BASE, "PathInRecipe"))
        case "integer" | "number" as number if not kind.limits:
            return imports.use(ImportPath(_BASE, _UNLIMITED[number]))
        case "integer":
            return _limited(Code("int"), kind.limits, imports, _human(imports))
        case "number":
            return _limited(Code("float"), kind.limits, imports, _human(imports))
        case _:
            assert_never(kind.kind)


def _human(imports: Imports) -> Code:
    return Code(f"{imports.use(ImportPath(_BASE, 'Human'))}()")


def _limited(
    name: Code,
    limits: tuple[tuple[str, int | float | str], ...],
    imports: Imports,
    marker: Code | None = None,
) -> Code:
    if not limits:
        return name
    annotated = imports.use(ImportPath("typing", "Annotated"))
    field = imports.use(ImportPath("pydantic", "Field"))
    arguments = ", ".join(f"{_KEYWORDS[key]}={literal(value)}" for key, value in limits)
    parts = [name, Code(f"{field}({arguments})"), *([marker] if marker else [])]
    return Code(f"{annotated}[{Code(', ').join(parts)}]")


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
