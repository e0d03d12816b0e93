"""A resolved trainer definition: what codegen, lint and breaking work on.

Everything is frozen, and every value keeps its span.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from arctic_training.config.slots import ImportPath, Slot
from arctic_training.definition.fields.types import FieldSpec
from arctic_training.diagnostics import Source, Span

__all__ = [
    "FACTORIES",
    "CallbackSpec",
    "Definition",
    "FactorySpec",
    "HandWritten",
    "Place",
    "Role",
    "SlotSpec",
    "UserFactory",
]

FACTORIES: Final = "factories"
"""Where a linked definition has the factories that it shares with others, by kind and name."""


Role: TypeAlias = Literal["loss", "implementation", "factory", "callback"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key of a definition is written, and its value."""

    key: Span
    value: Span


@dataclass(frozen=True, slots=True)
class HandWritten:
    """A function or a class of the user's, and where a definition names it."""

    path: ImportPath
    role: Role
    span: Span

    @property
    def is_class(self) -> bool:
        """Whether it is a class and no function."""
        return self.role in {"implementation", "factory"}


@dataclass(frozen=True, slots=True)
class FactorySpec:
    """A factory and the model of its section; a data factory also has the batch that it makes."""

    name: str
    factory: ImportPath
    config: ImportPath
    batch: ImportPath | None = None
    own: UserFactory | None = None
    """What a factory of the user's has beside what it extends; None of one that is built in."""

    extends: str = ""
    """Name of the built-in factory whose section that of this built-in one extends, if any."""

    @property
    def built_in(self) -> FactorySpec:
        """The factory itself, or the one that it extends."""
        return self.own.base if self.own else self


@dataclass(frozen=True, slots=True)
class UserFactory:
    """What a user's factory has of its own: the keys of its section beside those of the base.

    One that definitions share has a ``package`` for its section; the section of one that is defined
    in place is in the trainer's own module.
    """

    base: FactorySpec
    hand_written: HandWritten
    description: str
    fields: tuple[FieldSpec, ...]
    place: Place
    """Where the factory is defined, with its name as the key."""

    config_span: Span
    package: str = ""


@dataclass(frozen=True, slots=True)
class SlotSpec:
    """What a trainer accepts in one slot; the first is the default.

    A nested section, ``{factory: model}`` among the fields, is a slot with a section of its own,
    with a description of its own, and frozen.
    """

    slot: Slot
    factories: tuple[FactorySpec, ...]
    place: Place
    spans: tuple[Span, ...]
    """Where each of the factories is named."""

    description: str = ""
    renamed_from: tuple[str, ...] = ()
    deprecated: str = ""

    @property
    def is_nested(self) -> bool:
        """Whether it is among the fields, beside the slot of its kind."""
        return self.slot.section != self.slot.kind


@dataclass(frozen=True, slots=True)
class CallbackSpec:
    """A function of the user's that is called at a moment of a run, such as ``post-step``."""

    moment: str
    function: ImportPath
    span: Span

    @property
    def hand_written(self) -> HandWritten:
        """The function and where it is named."""
        return HandWritten(self.function, "callback", self.span)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A resolved definition of a trainer."""

    source: str
    """Path of the definition, from the root of its project."""

    text: Source
    """The text of the definition itself, without what it extends or refers to."""

    places: Mapping[str, Place] = field(repr=False)
    """Where the keys of the definition are written, those that it extends too."""

    span: Span
    """The place of the whole definition."""

    config_span: Span
    """The place of the name of the config class, or else of what has none."""

    fields_span: Span
    """The place of the fields, or else of what has none."""

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
    metric_keys: Mapping[str, Span] = field(repr=False)
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
    def hand_written(self) -> tuple[HandWritten, ...]:
        """What the user writes by hand, with the places that name it."""
        named: list[HandWritten] = []
        if self.loss:
            named.append(HandWritten(self.loss, "loss", self.places["loss"].value))
        if self.implementation:
            span = self.places["implementation"].value
            named.append(HandWritten(self.implementation, "implementation", span))
        named += (factory.own.hand_written for factory in self.own_factories if factory.own)
        by_path = {callback.function: callback.hand_written for callback in self.callbacks}
        return (*named, *by_path.values())

    @property
    def name_key(self) -> Span:
        """The place of the key `name`."""
        return self.places["name"].key

    def span_of(self, key: str) -> Span:
        """Return the place of the value of a key, or of the definition where it has none."""
        place = self.places.get(key)
        return place.value if place else self.span

    def key_of(self, key: str) -> Span:
        """Return the place of a key, or of the definition where it has none."""
        place = self.places.get(key)
        return place.key if place else self.span

    def metric_key(self, name: str) -> Span:
        """Return the place of the name of a metric, or of what has none of this name."""
        return self.metric_keys.get(name, self.span_of("metrics"))

    @property
    def batch(self) -> ImportPath:
        """The batch that the loss takes: that of the data factories."""
        batch = self.slots[0].factories[0].batch
        assert batch is not None, "resolve gives every data factory a batch"
        return batch
