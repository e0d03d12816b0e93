"""A trainer definition, understood: what the later stages work on.

Everything is frozen, and everything that can be wrong in the end keeps its pointer, the way to
its place in the definition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Self, TypeAlias

from arctic_training.document import JSON, Node, Pointer

__all__ = [
    "FACTORIES",
    "MISSING",
    "SLOTS",
    "CallbackSpec",
    "ChoiceType",
    "FactorySpec",
    "FieldSpec",
    "FieldType",
    "ImportPath",
    "Limits",
    "ListType",
    "MapType",
    "Missing",
    "NullableType",
    "ObjectType",
    "OwnFactory",
    "ScalarKind",
    "ScalarType",
    "Slot",
    "SlotSpec",
    "TaggedType",
    "TrainerSpec",
    "TupleType",
    "UnionType",
]

FACTORIES: Final = "factories"
"""Where a linked definition has the factories that it shares with others, by kind and name."""

ScalarKind: TypeAlias = Literal["boolean", "integer", "number", "string", "path", "uri"]
Limits: TypeAlias = tuple[tuple[str, int | float | str], ...]
"""Keywords of JSON Schema that narrow a type, with their values."""


@dataclass(frozen=True, slots=True)
class ImportPath:
    """A name in a module, written ``module:name``."""

    module: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Split ``module:name``."""
        module, _, name = text.partition(":")
        return cls(module, name)

    def __str__(self) -> str:
        return f"{self.module}:{self.name}"


@dataclass(frozen=True, slots=True)
class Slot:
    """A kind of part that every trainer has.

    ``key`` is the definition's key and the trainer's attribute, ``section`` the recipe's key,
    ``base`` the class that all factories of the slot derive from.
    """

    kind: str
    section: str
    key: str
    maker: str
    base: ImportPath
    config_base: ImportPath
    is_list: bool = False


def _slot(kind: str, part: str, base: str, config: str) -> Slot:
    return Slot(
        kind=kind,
        section=kind,
        key=f"{kind}_{part}_type",
        maker=f"make_{kind}_{part}{'s' if part == 'engine' else ''}",
        base=ImportPath(f"arctic_training.{kind}.{part}", base),
        config_base=ImportPath(f"arctic_training.config.{kind}", config),
        is_list=part == "engine",
    )


SLOTS: Final[tuple[Slot, ...]] = (
    _slot("data", "factory", "DataFactory", "DataConfig"),
    _slot("model", "factory", "ModelFactory", "ModelConfig"),
    _slot("checkpoint", "engine", "CheckpointEngine", "CheckpointConfig"),
    _slot("optimizer", "factory", "OptimizerFactory", "OptimizerConfig"),
    _slot("scheduler", "factory", "SchedulerFactory", "SchedulerConfig"),
    _slot("tokenizer", "factory", "TokenizerFactory", "TokenizerConfig"),
)


@dataclass(frozen=True, slots=True)
class FactorySpec:
    """A factory and the model of its section; a data factory also has the batch that it makes."""

    name: str
    factory: ImportPath
    config: ImportPath
    batch: ImportPath | None = None
    own: OwnFactory | None = None
    """What a factory of the user's has beside what it extends; None of one that is built in."""

    @property
    def built_in(self) -> FactorySpec:
        """The factory itself, or the one that it extends."""
        return self.own.base if self.own else self


@dataclass(frozen=True, slots=True)
class OwnFactory:
    """What a user's factory has of its own: the keys of its section beside those of the base.

    One that definitions share has a ``package`` for its section; the section of one that is
    defined in place stands in the trainer's own.
    """

    base: FactorySpec
    description: str
    fields: tuple[FieldSpec, ...]
    pointer: Pointer
    package: str = ""


@dataclass(frozen=True, slots=True)
class SlotSpec:
    """What a trainer accepts in one slot; the first is the default.

    A nested section, ``{factory: model}`` among the fields, is a slot with a section of its own,
    with a description of its own, and frozen.
    """

    slot: Slot
    factories: tuple[FactorySpec, ...]
    pointer: Pointer
    description: str = ""
    renamed_from: tuple[str, ...] = ()
    deprecated: str = ""

    @property
    def is_nested(self) -> bool:
        """Whether it stands among the fields, beside the slot of its kind."""
        return self.slot.section != self.slot.kind


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


@dataclass(frozen=True, slots=True)
class CallbackSpec:
    """A function of the user's that is called at a moment of a run, such as ``post-step``."""

    moment: str
    function: ImportPath
    pointer: Pointer


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerSpec:
    """A trainer, ready to be rendered."""

    source: str
    """Path of the definition, from the root of its project."""

    document: Node
    name: str
    package: str
    description: str
    coupling: str
    config_class: str
    trainer_class: str
    fields: tuple[FieldSpec, ...]
    slots: tuple[SlotSpec, ...]
    nested: tuple[SlotSpec, ...]
    loss: ImportPath | None
    implementation: ImportPath | None
    metrics: Mapping[str, str]
    callbacks: tuple[CallbackSpec, ...]

    @property
    def sections(self) -> tuple[SlotSpec, ...]:
        """The slots of every trainer, then the nested ones."""
        return self.slots + self.nested

    @property
    def base_class(self) -> str:
        """The name of the generated class: a base, where there is an implementation."""
        return f"{self.trainer_class}Base" if self.implementation else self.trainer_class

    @property
    def own_factories(self) -> tuple[FactorySpec, ...]:
        """The factories that are the user's, each once."""
        found = (factory for slot in self.slots for factory in slot.factories if factory.own)
        return tuple(found)

    @property
    def hand_written(self) -> Iterator[tuple[ImportPath, Pointer]]:
        """Iterate over what the user writes by hand, with the places that name it."""
        if self.loss:
            yield self.loss, ("loss",)
        if self.implementation:
            yield self.implementation, ("implementation",)
        for factory in self.own_factories:
            assert factory.own
            yield factory.factory, (*factory.own.pointer, "class")
        yield from {callback.function: callback.pointer for callback in self.callbacks}.items()

    @property
    def batch(self) -> ImportPath:
        """The batch that the loss takes: that of the data factories."""
        batch = self.slots[0].factories[0].batch
        assert batch is not None, "resolve gives every data factory a batch"
        return batch
