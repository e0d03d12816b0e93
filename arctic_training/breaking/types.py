"""How two types are to each other: what one takes of the other's values, and what code sees."""

from __future__ import annotations

from typing import Final

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

__all__ = ["core", "head", "is_nullable", "takes"]

_WIDER: Final = {("integer", "number"), ("uri", "string")}
_IN_PYTHON: Final = {"uri": "string"}
_ALIKE: Final = (ChoiceType, ListType, MapType, ObjectType, TaggedType)


def core(kind: FieldType) -> FieldType:
    """Return a type without leave to be null."""
    return core(kind.inner) if isinstance(kind, NullableType) else kind


def is_nullable(kind: FieldType) -> bool:
    """Return whether a type takes null."""
    return isinstance(kind, NullableType)


def takes(old: FieldType, new: FieldType) -> bool:
    """Return whether a type takes the values of another, beside limits and what is inside."""
    old, new = core(old), core(new)
    match old, new:
        case UnionType(members=members), _:
            return all(takes(member, new) for member in members)
        case _, UnionType(members=members):
            return any(takes(old, member) for member in members)
        case ScalarType(), ScalarType():
            is_wide = old.kind == new.kind or (old.kind, new.kind) in _WIDER
            return is_wide and not (new.is_bare and not old.is_bare)
        case ChoiceType(options=options), ScalarType(kind=kind, limits=()):
            return all(_is(option, kind) for option in options)
        case TupleType(), TupleType():
            return len(old.items) == len(new.items)
        case _:
            return any(isinstance(old, each) and isinstance(new, each) for each in _ALIKE)


def _is(option: str | float, kind: str) -> bool:
    """Return whether an option is a value of a kind."""
    match option:
        case bool():
            return kind == "boolean"
        case str():
            return kind == "string"
        case _:
            return kind in {"integer", "number"}


def head(kind: FieldType) -> object:
    """Return what code sees of a type from outside: without limits, options and what is inside."""
    match core(kind):
        case ScalarType(kind=name):
            return _IN_PYTHON.get(name, name)
        case TupleType(items=items):
            return len(items)
        case UnionType(members=members):
            return frozenset(map(head, members))
        case other:
            return type(other)
