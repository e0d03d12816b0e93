"""Some value of a type, to begin a recipe with."""

from __future__ import annotations

from typing import Final, assert_never, cast

from arctic_training.definition.fields.scalar_schema import scalar_schema
from arctic_training.definition.fields.types import (
    ChoiceType,
    FieldType,
    ListType,
    MapType,
    NullableType,
    ObjectType,
    ScalarType,
    TaggedType,
    TupleType,
    UnionType,
)
from arctic_training.document import JSON
from arctic_training.validation import Schema

__all__ = ["sample"]

_MOST: Final = 10_000


def sample(kind: FieldType) -> JSON:
    """Return some value of a type, as near to its limits as it must be.

    In place of a list or a string that would be too long to begin with, it is an empty one.
    """
    match kind:
        case ScalarType():
            return _scalar(kind)
        case ChoiceType(options=options):
            return options[0]
        case ListType(item=item, limits=limits, is_unique=is_unique):
            count = int(dict(limits).get("minItems", 0)) if _size(kind) <= _MOST else 0
            return _distinct(item, count) if is_unique else [sample(item)] * count
        case TupleType(items=items):
            return [sample(item) for item in items]
        case UnionType(members=members):
            return sample(members[0])
        case TaggedType(tag=tag, members=tagged):
            value, member = next(iter(tagged.items()))
            return {tag: value, **cast("dict[str, JSON]", sample(member))}
        case MapType():
            return {}
        case ObjectType(fields=fields):
            return {field.name: sample(field.type) for field in fields if field.is_required}
        case NullableType():
            return None


def _scalar(kind: ScalarType) -> JSON:
    match kind.kind:
        case "boolean":
            return False
        case "integer" | "number":
            return _number(kind)
        case "uri":
            return "https://example.org"
        case "path" | "string":
            return "x" * int(dict(kind.limits).get("minLength", 1)) if _size(kind) <= _MOST else ""


def _size(kind: FieldType) -> int:
    """Return about how many values and characters a sample of a type has."""
    match kind:
        case ScalarType(limits=limits):
            return int(dict(limits).get("minLength", 1))
        case ListType(item=item, limits=limits):
            return 1 + int(dict(limits).get("minItems", 0)) * _size(item)
        case TupleType(items=items):
            return sum(map(_size, items))
        case UnionType(members=members):
            return _size(members[0])
        case TaggedType(members=tagged):
            return _size(next(iter(tagged.values())))
        case ObjectType(fields=fields):
            return 1 + sum(_size(field.type) for field in fields if field.is_required)
        case ChoiceType() | MapType() | NullableType():
            return 1
        case _:
            assert_never(kind)


def _distinct(item: FieldType, count: int) -> JSON:
    """Return some values of a type, no two of them equal, as far as is easily told."""
    match item:
        case ChoiceType(options=options):
            return list(options[:count])
        case ScalarType(kind="boolean"):
            return [n == 1 for n in range(count)]
        case ScalarType(kind="integer" | "number", limits=limits):
            step = dict(limits).get("multipleOf", 1)
            return [_number(item) + float(step) * n for n in range(count)]
        case _:
            return [f"{sample(item)}{n}" for n in range(count)]


def _number(kind: ScalarType) -> int | float:
    """Return a number within the limits: a whole one, or else the middle."""
    limits = {keyword: limit for keyword, limit in kind.limits if not isinstance(limit, str)}
    step = limits.get("multipleOf", 1)
    ends = [
        limits[keyword]
        for keyword in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
        if keyword in limits
    ]
    near = [end // step * step + move for end in ends for move in (0, step, -step)]
    middle = sum(ends) / len(ends) if ends else 0
    schema = Schema(cast("dict[str, JSON]", scalar_schema(kind)))
    fitting = (n for n in (*ends, *near, middle, step) if not [*schema.errors(n)])
    return next(fitting, step)
