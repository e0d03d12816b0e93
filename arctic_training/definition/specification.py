"""A trainer definition, understood: what the later stages work on.

Everything is frozen, and everything that can be wrong in the end keeps its pointer, the way to
its place in the definition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from arctic_training.config.slots import ImportPath, Slot
from arctic_training.definition.fields.types import FieldSpec
from arctic_training.document import Node, Pointer

__all__ = [
    "FACTORIES",
    "CallbackSpec",
    "FactorySpec",
    "OwnFactory",
    "SlotSpec",
    "TrainerSpec",
]

FACTORIES: Final = "factories"
"""Where a linked definition has the factories that it shares with others, by kind and name."""


@dataclass(frozen=True, slots=True)
class FactorySpec:
    """A factory and the model of its section; a data factory also has the batch that it makes."""

    name: str
    factory: ImportPath
    config: ImportPath
    batch: ImportPath | None = None
    own: OwnFactory | None = None
    """What a factory of the user's has beside what it extends; None of one that is built in."""

    extends: str = ""
    """Name of the built-in factory whose section that of this built-in one extends, if any."""

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
