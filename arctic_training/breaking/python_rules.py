"""Rules about code: what the generated package offers, and the types that a loss sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from arctic_training.breaking.complaints import of_keys, of_values
from arctic_training.breaking.pairs import KeyPair, slot_pairs
from arctic_training.breaking.rule import BreakingRule, Contract, broken, rule, with_field
from arctic_training.breaking.types import core, head, is_nullable, takes
from arctic_training.config.slots import ImportPath
from arctic_training.definition.definition import Definition
from arctic_training.definition.fields.types import ChoiceType, FieldType, ObjectType, TaggedType
from arctic_training.definition.rules import Finding
from arctic_training.document import shown

__all__ = ["PYTHON_RULES"]


def _config_class(old: Definition, new: Definition) -> Iterator[Finding]:
    if old.config_class != new.config_class:
        message = f"the config class is `{new.config_class}`, and was `{old.config_class}`"
        yield broken(message=message, new=new.config_span, old=old.config_span)


def _trainer_class(old: Definition, new: Definition) -> Iterator[Finding]:
    for name in _offered(old) - _offered(new):
        key = "implementation" if old.implementation != new.implementation else "name"
        yield broken(
            message=f"the package offers no class `{name}` any more",
            new=new.key_of(key),
            old=old.key_of(key),
        )


def _offered(spec: Definition) -> set[str | ImportPath]:
    """Return the classes of a package: what is generated, and what a recipe's `type` means."""
    return {spec.base_class, *filter(None, [spec.implementation])}


def _attribute(pair: KeyPair) -> str:
    if pair.old and pair.new and pair.old.name != pair.new.name:
        return f"was the attribute `{pair.old.name}`"
    return ""


def _null(old: FieldType, new: FieldType) -> str:
    return "may be None" if is_nullable(new) and not is_nullable(old) else ""


def _widened(old: FieldType, new: FieldType) -> str:
    return "is of a wider type" if takes(old, new) and head(old) != head(new) else ""


def _class(old: FieldType, new: FieldType) -> str:
    match core(old), core(new):
        case ObjectType(class_name=before), ObjectType(class_name=now) if before != now:
            return f"is a `{now}`, and was a `{before}`"
        case TaggedType() as before, TaggedType() as now:
            for value in before.members.keys() & now.members.keys():
                if said := _class(before.members[value], now.members[value]):
                    return said
            return ""
        case _:
            return ""


def _options(old: FieldType, new: FieldType) -> str:
    match core(old), core(new):
        case ChoiceType(options=before), ChoiceType(options=now):
            known = {(type(option), option) for option in before}
            more = [option for option in now if (type(option), option) not in known]
            return f"may be {shown(more[0])} as well" if more else ""
        case TaggedType(members=tagged), TaggedType(members=others):
            added = [value for value in others if value not in tagged]
            return f"may be a `{added[0]}` as well" if added else ""
        case _:
            return ""


def _factories(old: Definition, new: Definition) -> Iterator[Finding]:
    for before, now in slot_pairs(old, new):
        known = {factory.config for factory in before.factories}
        for factory in now.factories:
            if factory.config not in known:
                message = f"`{now.slot.section}` may be a `{factory.config.name}` as well"
                yield broken(message=message, new=now.place.key, old=before.place.key)


_O: Final = "type: object, properties: {y: {type: integer}}"
_KIND: Final = "{type: object, properties: {kind: {const: %s}}}"
_AB: Final = ", ".join((_KIND % "a", _KIND % "b"))

PYTHON_RULES: Final[tuple[BreakingRule, ...]] = (
    rule(
        Contract.PYTHON,
        "config-class-renamed",
        "The config class has another name.",
        _config_class,
        "config_type: {name: MineTrainerConfig}\n",
        "config_type: {name: OursTrainerConfig}\n",
        "config_type: {name: MineTrainerConfig, properties: {}}\n",
    ),
    rule(
        Contract.PYTHON,
        "trainer-class-removed",
        "A class that the package offered is gone.",
        _trainer_class,
        "coupling: sample\n",
        "implementation: mine_loss:MyTrainer\n",
        "description: A trainer of our own.\n",
    ),
    rule(
        Contract.PYTHON,
        "model-class-renamed",
        "The class of an object among the fields has another name.",
        of_values(_class),
        with_field(_O),
        with_field("$ref: '#/definitions/z'") + f"definitions: {{z: {{{_O}}}}}\n",
        with_field("$ref: '#/definitions/x'") + f"definitions: {{x: {{{_O}}}}}\n",
    ),
    rule(
        Contract.PYTHON,
        "attribute-renamed",
        "A field has another name in code, though recipes may use the former one.",
        of_keys(_attribute),
        with_field("type: integer, default: 1"),
        "config_type: {properties: {y: {type: integer, default: 1, renamed_from: [x]}}}\n",
        with_field("type: integer, default: 1, renamed_from: [y]"),
    ),
    rule(
        Contract.PYTHON,
        "type-widened",
        "Code that reads a field gets values of a type that it does not know.",
        of_values(_widened),
        with_field("type: integer, default: 1"),
        with_field("type: number, default: 1"),
        with_field("type: integer, default: 1, minimum: 0"),
    ),
    rule(
        Contract.PYTHON,
        "null-added",
        "Code that reads a field may get None.",
        of_values(_null),
        with_field("type: integer, default: 1"),
        with_field("type: [integer, 'null'], default: 1"),
        with_field("type: integer, default: 1, description: A number."),
    ),
    rule(
        Contract.PYTHON,
        "option-added",
        "A `match` over the values of a field, or over its objects, is not complete any more.",
        of_values(_options),
        with_field(f"oneOf: [{_AB}]"),
        with_field(f"oneOf: [{_AB}, {_KIND % 'c'}]"),
        with_field(f"oneOf: [{_KIND % 'b'}, {_KIND % 'a'}]"),
    ),
    rule(
        Contract.PYTHON,
        "factory-added",
        "A section may be of a class that code which reads it does not know.",
        _factories,
        "scheduler_factory_type: huggingface\n",
        "scheduler_factory_type: [huggingface, wsd]\n",
        "scheduler_factory_type: [huggingface]\n",
    ),
)
"""The rules of the contract of code."""
