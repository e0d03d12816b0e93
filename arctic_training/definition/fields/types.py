"""The config fields of a definition, understood, and the types that they have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from arctic_training.document import JSON, Pointer

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
]


ScalarKind: TypeAlias = Literal["boolean", "integer", "number", "string", "path", "uri"]
Limits: TypeAlias = tuple[tuple[str, int | float | str], ...]
"""Keywords of JSON Schema that narrow a type, with their values."""


@dataclass(frozen=True, slots=True)
class ScalarType:
    """A single value. ``limits`` are keywords of JSON Schema.

    A number that stands beside a text in a union ``is_bare``: there, `2k` is the text.
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
    """A nested model."""

    class_name: str
    description: str
    fields: tuple[FieldSpec, ...]
    pointer: Pointer


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


class Missing:
    """The type of ``MISSING``."""


MISSING: Final = Missing()
"""Stands where a field has no default; null is one."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field of the config.

    A recipe may call it by one of the names that it is ``renamed_from``; ``deprecated`` says what
    to do without it.
    """

    name: str
    type: FieldType
    description: str
    default: JSON | Missing
    pointer: Pointer
    renamed_from: tuple[str, ...] = ()
    deprecated: str = ""

    @property
    def is_required(self) -> bool:
        """Whether a recipe has to give the field: it has no default, nor have all fields in it."""
        if not isinstance(self.default, Missing):
            return False
        if isinstance(self.type, ObjectType):
            return any(field.is_required for field in self.type.fields)
        return True
