"""Names of a definition that would mean two things in one generated file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from arctic_training.definition.definition import Definition
from arctic_training.definition.fields.types import (
    FieldSpec,
    FieldType,
    ListType,
    MapType,
    NullableType,
    ObjectType,
    TaggedType,
    TupleType,
    UnionType,
)
from arctic_training.diagnostics import Diagnostic, Span

__all__ = ["models", "name_clashes", "nested_objects"]

_USED: Final = frozenset(
    """
    AliasChoices Annotated Bare ByType Config Exact F Field Human HumanFloat HumanInt IGNORE_INDEX
    Iterator Literal LossOutput Named OneOrMany PathInRecipe Tensor Term Trainer TrainerConfig URI
    Unique batch answer_log_probabilities next_token_logits override self
    """.split()
)
"""What generated files and stubs call by these names, whatever the definition is."""


def name_clashes(spec: Definition) -> Iterator[Diagnostic]:
    """Find names that the generated code needs for something else, or for two things."""
    taken = _USED | set(_names_of_factories(spec))
    for name, what, span in _names(spec):
        if name in taken:
            yield Diagnostic(
                code="name-taken",
                message=f"{what} `{name}` collides with another name in the generated code",
                span=span,
            )
        taken |= {name}


def models(fields: tuple[FieldSpec, ...]) -> list[tuple[FieldSpec, ObjectType]]:
    """Return the objects in some fields, each with the first field that it is for.

    Those that others need come first, and one that fields share comes once.
    """
    first: dict[tuple[str, Span], tuple[FieldSpec, ObjectType]] = {}
    for field, kind in _models(fields):
        first.setdefault((kind.class_name, kind.span), (field, kind))
    return list(first.values())


def nested_objects(kind: FieldType) -> Iterator[ObjectType]:
    """Iterate over the objects right inside a type, or the type itself."""
    match kind:
        case ObjectType():
            yield kind
        case NullableType(inner=inner) | ListType(item=inner) | MapType(value=inner):
            yield from nested_objects(inner)
        case UnionType(members=members) | TupleType(items=members):
            for member in members:
                yield from nested_objects(member)
        case TaggedType(members=members):
            yield from members.values()
        case _:
            return


def _names_of_factories(spec: Definition) -> Iterator[str]:
    for slot in spec.slots:
        yield from (slot.slot.base.name, slot.slot.config_base.name)
        for factory in (factory.built_in for factory in slot.factories):
            yield from (factory.factory.name, factory.config.name)
    if spec.slots[0].factories:
        yield spec.batch.name


def _names(spec: Definition) -> Iterator[tuple[str, str, Span]]:
    """Iterate over the names that the definition brings in, with what each is and its place."""
    yield spec.config_class, "config class", spec.config_span
    yield spec.base_class, "trainer class", spec.config_span
    yield from _names_of_models(spec.fields)
    for factory in spec.own_factories:
        if factory.own:
            yield factory.config.name, "config class", factory.own.config_span
            yield from _names_of_models(factory.own.fields)
    for named in spec.hand_written:
        what = "factory class" if named.role == "factory" else named.role
        yield named.path.name, what, named.span


def _names_of_models(fields: tuple[FieldSpec, ...]) -> Iterator[tuple[str, str, Span]]:
    for field, kind in models(fields):
        yield kind.class_name, f"model class of `{field.name}`", field.key


def _models(fields: tuple[FieldSpec, ...]) -> Iterator[tuple[FieldSpec, ObjectType]]:
    for field in fields:
        for kind in nested_objects(field.type):
            yield from _models(kind.fields)
            yield field, kind
