"""``schemas/factories.yaml``, which is read without importing anything, against the classes."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Generic, get_args, get_origin

import pytest

import arctic_training
from arctic_training.config.base import SectionConfig
from arctic_training.config.slots import SLOTS, ImportPath, Slot
from arctic_training.core.factory import Component
from arctic_training.definition.definition import FactorySpec
from arctic_training.definition.factories.builtin import built_in_factories

ENTRIES = [(slot, entry) for slot in SLOTS for entry in built_in_factories()[slot.kind].values()]


def _load(path: ImportPath) -> object:
    return getattr(importlib.import_module(path.module), path.name)


def _component(path: ImportPath) -> type[Component[SectionConfig]]:
    found = _load(path)
    assert isinstance(found, type)
    assert issubclass(found, Component)
    return found


def _arguments(part: type, generic: type) -> Iterator[tuple[object, ...]]:
    """Iterate over the types for which a class is made of a generic one, however far above."""
    for base in vars(part).get("__orig_bases__", ()):
        origin, own = get_origin(base), get_args(base)
        if origin is generic:
            yield own
        elif isinstance(origin, type) and origin is not Generic:
            meant = dict(zip(vars(origin)["__parameters__"], own, strict=True))
            for arguments in _arguments(origin, generic):
                yield tuple(meant.get(argument, argument) for argument in arguments)


@pytest.mark.parametrize(("slot", "entry"), ENTRIES)
def test_an_entry_says_what_its_class_says(slot: Slot, entry: FactorySpec) -> None:
    """Name, section, slot and batch of an entry are those of the class that it names."""
    factory, config = _component(entry.factory), _load(entry.config)
    assert entry.name == factory.name
    assert config is factory.config_type
    assert issubclass(factory, _component(slot.base))
    base = _load(slot.config_base)
    assert isinstance(base, type)
    assert issubclass(factory.config_type, base)
    made_of = set(_arguments(factory, _component(slot.base)))
    batches = {argument for _, *arguments in made_of for argument in arguments}
    assert batches == ({_load(entry.batch)} if entry.batch else set())


@pytest.mark.parametrize(("slot", "entry"), ENTRIES)
def test_an_entry_says_which_section_its_own_extends(slot: Slot, entry: FactorySpec) -> None:
    """`extends` names the one other factory whose section that of an entry is a kind of."""
    config = _component(entry.factory).config_type
    others = built_in_factories()[slot.kind].values()
    bases = {o.name for o in others if o is not entry and issubclass(config, _section(o))}
    assert bases == ({entry.extends} if entry.extends else set())


def _section(entry: FactorySpec) -> type[SectionConfig]:
    return _component(entry.factory).config_type


def test_every_factory_of_the_package_has_an_entry() -> None:
    """Whatever a module of the package registers, the file names under its slot."""
    for module in pkgutil.walk_packages(arctic_training.__path__, "arctic_training."):
        importlib.import_module(module.name)
    registered = {
        (slot.kind, name)
        for slot in SLOTS
        for name, factory in _component(slot.base)._registry.items()
        if factory.__module__.startswith("arctic_training.")
    }
    assert registered == {(slot.kind, entry.name) for slot, entry in ENTRIES}
