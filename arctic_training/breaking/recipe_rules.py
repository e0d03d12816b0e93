"""Rules about recipes: the values that they may hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from arctic_training.breaking.complaints import of_keys, of_values
from arctic_training.breaking.pairs import KeyPair, own_factories, slot_pairs
from arctic_training.breaking.rule import BreakingRule, Contract, broken, field_rule, rule
from arctic_training.breaking.types import core, is_nullable, takes
from arctic_training.definition.definition import Definition
from arctic_training.definition.fields.types import ChoiceType, FieldType, TaggedType
from arctic_training.definition.rules import Finding
from arctic_training.document import shown

__all__ = ["RECIPE_RULES"]


def _base(old: Definition, new: Definition) -> Iterator[Finding]:
    for slot, before, now in own_factories(old, new):
        names = before.base.name, now.base.name
        if names[0] != names[1]:
            message = f"`{slot.section}` of type `{slot.name}` has the keys of `{names[1]}`, "
            message += f"and had those of `{names[0]}`"
            yield broken(message=message, new=now.place.key, old=before.place.key)


def _retyped(old: Definition, new: Definition) -> Iterator[Finding]:
    yield from of_values(lambda a, b: "" if takes(a, b) else "is of another type")(old, new)
    yield from of_keys(_sectioned)(old, new)


def _sectioned(pair: KeyPair) -> str:
    """Tell a section, which has no type of a value, from a value."""
    if not pair.old or not pair.new or (pair.old.type is None) == (pair.new.type is None):
        return ""
    return "is no longer a section" if pair.new.type else "is a section now"


def _not_null(old: FieldType, new: FieldType) -> str:
    return "cannot be null any more" if is_nullable(old) and not is_nullable(new) else ""


def _options(old: FieldType, new: FieldType) -> str:
    match core(old), core(new):
        case ChoiceType(options=before), ChoiceType(options=now):
            kept = {(type(option), option) for option in now}
            gone = [option for option in before if (type(option), option) not in kept]
            return f"cannot be {shown(gone[0])} any more" if gone else ""
        case _:
            return ""


def _fewer(old: FieldType, new: FieldType) -> str:
    match core(old), core(new):
        case TaggedType(members=before), TaggedType(members=now):
            gone = [value for value in before if value not in now]
            return f"cannot be a `{gone[0]}` any more" if gone else ""
        case _:
            return ""


def _tag(old: FieldType, new: FieldType) -> str:
    match core(old), core(new):
        case TaggedType(tag=before), TaggedType(tag=now) if before != now:
            return f"says by `{now}` which object it is, and not by `{before}`"
        case _:
            return ""


def _engine(old: Definition, new: Definition) -> Iterator[Finding]:
    for before, now in slot_pairs(old, new):
        names = before.factories[0].name, now.factories[0].name
        if now.slot.is_list and names[0] != names[1]:
            message = f"a `{now.slot.section}` without a type is `{names[1]}`, and was `{names[0]}`"
            yield broken(message=message, new=now.place.key, old=before.place.key)


def _own(base: str) -> str:
    return f"model_factory_type: {{name: wide, class: 'mine_model:Wide', extends: {base}}}\n"


_KIND: Final = "type: object, properties: {kind: {const: %s}}"
_SORT: Final = "type: object, properties: {sort: {const: %s}}"
_A, _B = _KIND % "a", _KIND % "b"

RECIPE_RULES: Final[tuple[BreakingRule, ...]] = (
    field_rule(
        Contract.RECIPE,
        "type-changed",
        "A value is of a type that does not take all that the old one did.",
        _retyped,
        "type: array, items: {type: integer}",
        "type: array, items: {type: string}",
        "type: array, items: {type: number}",
    ),
    field_rule(
        Contract.RECIPE,
        "null-refused",
        "A value cannot be null any more.",
        of_values(_not_null),
        "type: [integer, 'null'], default: 1",
        "type: integer, default: 1",
        "anyOf: [{type: integer}, {type: 'null'}], default: 1",
    ),
    field_rule(
        Contract.RECIPE,
        "option-removed",
        "One of the values of an `enum`, or its `const`, is gone.",
        of_values(_options),
        "enum: [a, b], default: a",
        "enum: [a], default: a",
        "enum: [b, a, c], default: a",
    ),
    field_rule(
        Contract.RECIPE,
        "alternative-removed",
        "One of the objects of a `oneOf` is gone.",
        of_values(_fewer),
        f"oneOf: [{{{_A}}}, {{{_B}}}]",
        f"oneOf: [{{{_A}}}, {{{_KIND % 'c'}}}]",
        f"oneOf: [{{{_B}}}, {{{_A}}}]",
    ),
    field_rule(
        Contract.RECIPE,
        "tag-changed",
        "The objects of a `oneOf` are distinguished by another key.",
        of_values(_tag),
        f"oneOf: [{{{_A}}}, {{{_B}}}]",
        f"oneOf: [{{{_SORT % 'a'}}}, {{{_SORT % 'b'}}}]",
        f"oneOf: [{{{_B}}}, {{{_A}}}]",
    ),
    rule(
        Contract.RECIPE,
        "factory-base-changed",
        "A section of a type of the user's has the keys of another built-in one.",
        _base,
        _own("huggingface"),
        _own("random_llama"),
        _own("huggingface, description: Wide models."),
    ),
    rule(
        Contract.RECIPE,
        "default-engine-changed",
        "A checkpoint section without a type is of another engine.",
        _engine,
        "checkpoint_engine_type: [deepspeed, huggingface]\n",
        "checkpoint_engine_type: [huggingface, deepspeed]\n",
        "checkpoint_engine_type: [deepspeed, huggingface]\ncoupling: sample\n",
    ),
)
"""The rules of the contract of recipes that are about values."""
