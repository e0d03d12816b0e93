"""The keys of two definitions side by side, and the types of their values, however deep."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from arctic_training.breaking.types import core, takes
from arctic_training.config.resume_changes import may_change
from arctic_training.definition.definition import Definition, SlotSpec, UserFactory
from arctic_training.definition.fields.types import (
    MISSING,
    FieldSpec,
    FieldType,
    ListType,
    MapType,
    Missing,
    ObjectType,
    TaggedType,
    TupleType,
    UnionType,
)
from arctic_training.diagnostics import Span
from arctic_training.document import JSON

__all__ = [
    "Key",
    "KeyPair",
    "OwnSection",
    "ValuePair",
    "key_pairs",
    "own_factories",
    "slot_pairs",
    "value_pairs",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of a recipe that a definition brings in; a nested section has no type of a value."""

    name: str
    former: tuple[str, ...]
    type: FieldType | None = None
    is_required: bool = True
    default: JSON | Missing = MISSING
    key: Span


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key as it was and as it is; one that is new, or gone, is missing on one side."""

    way: str
    old: Key | None
    new: Key | None
    section: Span
    """Where the section of the key is now."""

    @property
    def is_held(self) -> bool:
        """Whether a run resumes only with the value that it was saved with."""
        section = re.split(r"[.(\[]", self.way, maxsplit=1)[0]
        return not may_change((section, self.way.rpartition(".")[2]))


class OwnSection(NamedTuple):
    """A section of a recipe that is of a type of the user's."""

    section: str
    name: str


@dataclass(frozen=True, slots=True)
class ValuePair:
    """The schema at one place of a recipe, before and now."""

    way: str
    old: FieldType
    new: FieldType
    places: tuple[Span, Span]
    """The fields whose values contain it, in the old definition and in the new one."""

    def below(self, step: str, old: FieldType, new: FieldType) -> ValuePair:
        """Return the pair of the inner schemas."""
        return replace(self, way=self.way + step, old=old, new=new)


def key_pairs(old: Definition, new: Definition) -> Iterator[KeyPair]:
    """Iterate over all keys of both, at any depth; those under a former name are found."""
    return (pair for pair in _all(old, new) if isinstance(pair, KeyPair))


def value_pairs(old: Definition, new: Definition) -> Iterator[ValuePair]:
    """Iterate over all values that both have, at any depth."""
    return (pair for pair in _all(old, new) if isinstance(pair, ValuePair))


def _all(old: Definition, new: Definition) -> Iterator[KeyPair | ValuePair]:
    yield from _keys("", [*_of_recipe(old)], [*_of_recipe(new)], new.fields_span)
    for slot, before, now in own_factories(old, new):
        keys, others = ([*_of_fields(own.fields)] for own in (before, now))
        yield from _keys(f"{slot.section}({slot.name}).", keys, others, now.place.value)


def own_factories(
    old: Definition, new: Definition
) -> Iterator[tuple[OwnSection, UserFactory, UserFactory]]:
    """Iterate over the factories of the user's that both have."""
    for before, now in slot_pairs(old, new):
        kept = {factory.name: factory.own for factory in now.factories}
        for factory in before.factories:
            if factory.own and (own := kept.get(factory.name)):
                yield OwnSection(now.slot.section, factory.name), factory.own, own


def slot_pairs(old: Definition, new: Definition) -> Iterator[tuple[SlotSpec, SlotSpec]]:
    """Iterate over the slots that both have; an optional one may be in one alone."""
    by_kind = {slot.slot.kind: slot for slot in new.slots}
    for slot in old.slots:
        if slot.slot.kind in by_kind:
            yield slot, by_kind[slot.slot.kind]


def _of_recipe(spec: Definition) -> Iterator[Key]:
    optional = (slot for slot in spec.slots if not slot.slot.is_required)
    for slot in (*optional, *spec.nested):
        yield Key(name=slot.slot.section, former=slot.renamed_from, key=slot.place.key)
    yield from _of_fields(spec.fields)


def _of_fields(fields: Iterable[FieldSpec]) -> Iterator[Key]:
    for each in fields:
        yield Key(
            name=each.name,
            former=each.renamed_from,
            type=each.type,
            is_required=each.is_required,
            default=each.default,
            key=each.key,
        )


def _keys(way: str, old: list[Key], new: list[Key], section: Span) -> Iterator[KeyPair | ValuePair]:
    named = {name: key for key in new for name in key.former} | {key.name: key for key in new}
    for before in old:
        now = named.get(before.name)
        yield KeyPair(f"{way}{(now or before).name}", before, now, section)
        if now and before.type and now.type:
            places = (before.key, now.key)
            yield from _values(ValuePair(f"{way}{now.name}", before.type, now.type, places))
    known = {key.name for key in old}
    for now in new:
        if not known & {now.name, *now.former}:
            yield KeyPair(f"{way}{now.name}", None, now, section)


def _values(pair: ValuePair) -> Iterator[KeyPair | ValuePair]:
    yield pair
    match core(pair.old), core(pair.new):
        case ListType(item=old), ListType(item=new):
            yield from _values(pair.below("[]", old, new))
        case MapType(value=old), MapType(value=new):
            yield from _values(pair.below(".*", old, new))
        case TupleType(items=olds), TupleType(items=news) if len(olds) == len(news):
            for number, (old, new) in enumerate(zip(olds, news, strict=True)):
                yield from _values(pair.below(f"[{number}]", old, new))
        case ObjectType(fields=fields), ObjectType(fields=others, span=section):
            yield from _keys(f"{pair.way}.", [*_of_fields(fields)], [*_of_fields(others)], section)
        case TaggedType() as before, TaggedType() as now:
            yield from _tagged(pair.way, before, now)
        case old, new:
            yield from _alternatives(pair, old, new)


def _tagged(way: str, old: TaggedType, new: TaggedType) -> Iterator[KeyPair | ValuePair]:
    for value in old.members.keys() & new.members.keys():
        keys, others = (
            [key for key in _of_fields(kind.members[value].fields) if key.name != kind.tag]
            for kind in (old, new)
        )
        yield from _keys(f"{way}({value}).", keys, others, new.members[value].span)


def _alternatives(pair: ValuePair, old: FieldType, new: FieldType) -> Iterator[KeyPair | ValuePair]:
    """Pair each earlier alternative with the first that accepts its values."""
    if not isinstance(old, UnionType) and not isinstance(new, UnionType):
        return
    for before in old.members if isinstance(old, UnionType) else (old,):
        for now in new.members if isinstance(new, UnionType) else (new,):
            if takes(before, now):
                yield from _values(pair.below("", before, now))
                break
