"""The config of a trainer as classes with fields, and which of them are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from arctic_training.definition.definition import Definition
from arctic_training.definition.fields.types import ChoiceType, FieldSpec
from arctic_training.definition.name_clashes import models, nested_objects
from arctic_training.definition.names import is_model_member
from arctic_training.diagnostics import Span

__all__ = ["Declared", "Shape"]


@dataclass(frozen=True, slots=True)
class Declared:
    """A field: its place in the definition, and the classes of the objects that it holds."""

    owner: str
    """Name of the class that has it."""

    name: str
    key: Span
    holds: frozenset[str] = frozenset()

    @property
    def identity(self) -> tuple[str, str]:
        """What tells it from all other fields."""
        return self.owner, self.name


@dataclass
class Shape:
    """The classes of a config by name; ``read`` are the fields that are read."""

    root: str
    classes: Mapping[str, tuple[Declared, ...]]
    read: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def of(cls, spec: Definition) -> Shape:
        """Return the shape of a trainer's config: its own fields, without those of every recipe."""
        inner = {kind.class_name: kind.fields for _, kind in models(spec.fields)}
        inner[spec.config_class] = spec.fields
        classes = {
            name: tuple(_declared(name, field) for field in fields if _has_a_choice(field))
            for name, fields in inner.items()
        }
        root = spec.config_class
        classes[root] += tuple(
            Declared(root, slot.slot.section, slot.place.key) for slot in spec.nested
        )
        return cls(root, classes)

    def attribute(self, owner: str, name: str) -> frozenset[str]:
        """Read an attribute of an object; return the classes of what it holds."""
        declared = next((each for each in self.classes[owner] if each.name == name), None)
        if declared is not None:
            self.read.add(declared.identity)
            return declared.holds
        if is_model_member(name):
            self.read_all(owner)
        return frozenset()

    def read_all(self, owner: str) -> None:
        """Read an object with all that is in it."""
        for declared in self.classes[owner]:
            if declared.identity not in self.read or declared.holds:
                self.read.add(declared.identity)
                for inner in declared.holds:
                    self.read_all(inner)

    def unread(self) -> Iterator[Declared]:
        """Iterate over the fields that are not read; not over those inside one of them."""
        yield from self._unread(self.root, set())

    def _unread(self, owner: str, seen: set[tuple[str, str]]) -> Iterator[Declared]:
        for declared in self.classes[owner]:
            if declared.identity in seen:
                continue
            seen.add(declared.identity)
            if declared.identity not in self.read:
                yield declared
                continue
            for inner in sorted(declared.holds):
                yield from self._unread(inner, seen)


def _declared(owner: str, spec: FieldSpec) -> Declared:
    holds = frozenset(kind.class_name for kind in nested_objects(spec.type))
    return Declared(owner, spec.name, spec.key, holds)


def _has_a_choice(spec: FieldSpec) -> bool:
    """Return whether a field can have more than one value, which somebody may want to know."""
    return not isinstance(spec.type, ChoiceType) or len(spec.type.options) > 1
