"""The config fields of a definition, understood, and the types that they have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, Literal, TypeAlias, TypeVar

from arctic_training.diagnostics import Span
from arctic_training.document import JSON, Node

__all__ = [
    "MISSING",
    "ChoiceType",
    "FieldSpec",
    "FieldType",
    "Limits",
    "ListType",
    "MapType",
    "Missing",
    "NullableType",
    "ObjectType",
    "ScalarKind",
    "ScalarType",
    "TaggedType",
    "TupleType",
    "UnionType",
    "with_class_names",
    "with_field_class_names",
]


ScalarKind: TypeAlias = Literal["boolean", "integer", "number", "string", "path", "uri"]
Limits: TypeAlias = tuple[tuple[str, int | float | str], ...]
"""Keywords of JSON Schema that narrow a type, with their values."""


@dataclass(frozen=True, slots=True)
class ScalarType:
    """A single value. ``limits`` are keywords of JSON Schema.

    A number beside a string in a union ``is_bare``: there, `2k` is the string.
    """

    kind: ScalarKind
    limits: Limits = ()
    is_bare: bool = False


@dataclass(frozen=True, slots=True)
class ChoiceType:
    """One of some values."""

    options: tuple[str | int | bool, ...]


@dataclass(frozen=True, slots=True)
class ListType:
    """Values in order; of one that ``is_unique``, no two are equal."""

    item: FieldType
    limits: Limits = ()
    is_unique: bool = False


@dataclass(frozen=True, slots=True)
class TupleType:
    """As many values as there are types, in their order."""

    items: tuple[FieldType, ...]


@dataclass(frozen=True, slots=True)
class MapType:
    """Values by free keys."""

    value: FieldType


@dataclass(frozen=True, slots=True)
class ObjectType:
    """A nested model. ``span`` is its schema, which several fields may share."""

    class_name: str
    description: str
    fields: tuple[FieldSpec, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class NullableType:
    """A value or null."""

    inner: FieldType


@dataclass(frozen=True, slots=True)
class UnionType:
    """A value of one of some types; of lists and of mappings, there is one at most."""

    members: tuple[FieldType, ...]


@dataclass(frozen=True, slots=True)
class TaggedType:
    """One of some objects, which their values of the field ``tag`` tell apart."""

    tag: str
    members: Mapping[str, ObjectType]


FieldType: TypeAlias = (
    ScalarType
    | ChoiceType
    | ListType
    | TupleType
    | MapType
    | ObjectType
    | NullableType
    | UnionType
    | TaggedType
)


class Missing(Enum):
    """The type of ``MISSING``."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING
"""Marks a field without a default; null is a default."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field of the config; ``key`` is the place of its name.

    A recipe may call it by one of the names that it is ``renamed_from``; ``deprecated`` says what
    to do without it.
    """

    name: str
    type: FieldType
    description: str
    default: JSON | Missing
    key: Span
    written_default: Node | None = None
    """The default where it is written: at the field, or at a definition that it refers to."""

    renamed_from: tuple[str, ...] = ()
    deprecated: str = ""
    is_constant: bool = False

    @property
    def span(self) -> Span:
        """The place of the default, or else of the name."""
        return self.written_default.span if self.written_default else self.key

    @property
    def is_required(self) -> bool:
        """Whether a recipe has to give the field: it has no default, nor have all fields in it."""
        if not isinstance(self.default, Missing):
            return False
        if isinstance(self.type, ObjectType):
            return any(field.is_required for field in self.type.fields)
        return True


_TypeT = TypeVar("_TypeT", bound=FieldType)


def with_field_class_names(
    fields: tuple[FieldSpec, ...], change: Callable[[str], str]
) -> tuple[FieldSpec, ...]:
    """Return fields with changed names of the classes of their nested objects."""
    return tuple(
        field
        if isinstance(field.type, ScalarType | ChoiceType)
        else replace(field, type=with_class_names(field.type, change))
        for field in fields
    )


def with_class_names(kind: _TypeT, change: Callable[[str], str]) -> _TypeT:
    """Return a type with changed names of the classes of nested objects."""
    match kind:
        case ObjectType(class_name=name, fields=fields):
            return replace(
                kind, class_name=change(name), fields=with_field_class_names(fields, change)
            )
        case NullableType(inner=inner):
            return replace(kind, inner=with_class_names(inner, change))
        case ListType(item=item):
            return replace(kind, item=with_class_names(item, change))
        case MapType(value=value):
            return replace(kind, value=with_class_names(value, change))
        case TupleType(items=items):
            return replace(kind, items=tuple(with_class_names(item, change) for item in items))
        case UnionType(members=members):
            return replace(kind, members=tuple(with_class_names(m, change) for m in members))
        case TaggedType(members=tagged):
            made = {tag: with_class_names(member, change) for tag, member in tagged.items()}
            return replace(kind, members=made)
        case _:
            return kind
