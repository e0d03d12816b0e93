"""Names of a definition that would mean two things in one generated file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

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
from arctic_training.definition.specification import FactorySpec, TrainerSpec
from arctic_training.diagnostics import Diagnostic, Span
from arctic_training.document import Node, Pointer, key_span, value_span

__all__ = ["models", "name_clashes", "nested_objects"]

_USED: Final = frozenset(
    """
    AliasChoices Annotated Bare ByType Config Exact F Field Human HumanFloat HumanInt IGNORE_INDEX
    Iterator Literal LossOutput Named OneOrMany PathInRecipe Tensor Term Trainer TrainerConfig URI
    Unique batch answer_log_probabilities next_token_logits override self
    """.split()
)
"""What generated files and stubs call by these names, whatever the definition is."""


def name_clashes(spec: TrainerSpec) -> Iterator[Diagnostic]:
    """Find names that the generated code needs for something else, or for two things."""
    taken = _USED | set(_names_of_factories(spec))
    for name, what, span in _names(spec):
        if name in taken:
            yield Diagnostic(
                code="name-taken",
                message=f"{what} cannot be `{name}`: generated code calls something else so",
                span=span,
            )
        taken |= {name}


def models(fields: tuple[FieldSpec, ...]) -> list[tuple[FieldSpec, ObjectType]]:
    """Return the objects in some fields, each with the first field that it is for.

    Those that others need come first, and one that fields share comes once.
    """
    first: dict[Pointer, tuple[FieldSpec, ObjectType]] = {}
    for field, kind in _models(fields):
        first.setdefault(kind.pointer, (field, kind))
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


def _names_of_factories(spec: TrainerSpec) -> Iterator[str]:
    for slot in spec.slots:
        yield from (slot.slot.base.name, slot.slot.config_base.name)
        for factory in (factory.built_in for factory in slot.factories):
            yield from (factory.factory.name, factory.config.name)
    yield spec.batch.name


def _names(spec: TrainerSpec) -> Iterator[tuple[str, str, Span]]:
    """Iterate over the names that the definition brings in, with what each is and its place."""
    document = spec.document
    named = value_span(document, ("config_type", "name"))
    yield spec.config_class, "the config class", named
    yield spec.base_class, "the trainer's class", named
    for field, kind in models(spec.fields):
        yield kind.class_name, f"the model of `{field.name}`", key_span(document, field.pointer)
    for factory in spec.own_factories:
        yield from _section_names(factory, document)
    for path, pointer in spec.hand_written:
        what = "callback" if pointer[0] == "callbacks" else pointer[-1]
        yield path.name, f"the {what}", value_span(document, pointer)


def _section_names(factory: FactorySpec, document: Node) -> Iterator[tuple[str, str, Span]]:
    """Iterate over the names of the models of the section of a user's factory."""
    assert factory.own
    place = (*factory.own.pointer, "config_type", "name")
    yield factory.config.name, "the config class", value_span(document, place)
    for field, kind in models(factory.own.fields):
        yield kind.class_name, f"the model of `{field.name}`", key_span(document, field.pointer)


def _models(fields: tuple[FieldSpec, ...]) -> Iterator[tuple[FieldSpec, ObjectType]]:
    for field in fields:
        for kind in nested_objects(field.type):
            yield from _models(kind.fields)
            yield field, kind
