"""Slots of trainer classes: how sections of a recipe are paired with factories."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TypeVar, get_args

from pydantic import BaseModel

from arctic_training.config.base import SectionConfig
from arctic_training.config.slots import SLOTS, Slot
from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.context import TrainerContext
from arctic_training.core.factory import Component
from arctic_training.core.one_of import OneOf
from arctic_training.errors import RecipeError

__all__ = ["optional_components", "slot_problems", "taking", "use_own_slots"]

ComponentT = TypeVar("ComponentT", bound=Component[SectionConfig])


def taking(types: OneOf[type[ComponentT]], section: SectionConfig) -> type[ComponentT]:
    """Return the class that takes a section.

    Raises:
        RecipeError: a trainer that extends another has no such class, though its recipes may ask.

    """
    classes = types if isinstance(types, tuple) else (types,)
    for part in classes:
        if part.config_type is type(section):
            return part
    keys = [slot.section for slot in SLOTS if issubclass(classes[0], _base(slot))]
    known = ", ".join(f"`{each.config_type.model_fields['type'].default}`" for each in classes)
    message = f"the trainer has no factory of this type; it has {known}"
    raise RecipeError((*keys, "type"), message, code="unknown-factory")


def use_own_slots(trainer: type, base: type) -> None:
    """Let the factories that a trainer names in a slot be made, and not those of what it extends.

    A generated trainer makes its factories itself. A subclass that names others gets the methods
    of ``base``, which go by the names, unless it has methods of its own.
    """
    for slot in SLOTS:
        if slot.key in vars(trainer) and slot.maker not in vars(trainer):
            setattr(trainer, slot.maker, getattr(base, slot.maker, None) or _maker(slot))


def _maker(slot: Slot) -> Callable[[TrainerContext], Component[SectionConfig]]:
    """Return the method of an optional slot, for trainers that are written by hand."""

    def make(trainer: TrainerContext) -> Component[SectionConfig]:
        section = getattr(trainer.config, slot.section)
        types: OneOf[type[Component[SectionConfig]]] = getattr(trainer, slot.key)
        return taking(types, section)(trainer, section)

    return make


def optional_components(trainer: object) -> Iterator[Component[SectionConfig]]:
    """Iterate over the components of the optional slots that a trainer has."""
    for slot in SLOTS:
        if not slot.is_required and hasattr(trainer, slot.key):
            component: Component[SectionConfig] = getattr(trainer, slot.maker)()
            yield component


def slot_problems(trainer: type, config_type: type[TrainerConfig]) -> Iterator[str]:
    """Find what keeps a recipe and the factories of a trainer's slots from agreeing."""
    for slot in SLOTS:
        if slot.is_required or hasattr(trainer, slot.key):
            yield from _problems(slot, getattr(trainer, slot.key, ()), config_type)


def _base(slot: Slot) -> type[Component[SectionConfig]]:
    """Return the class that all factories of a slot derive from."""
    base: type[Component[SectionConfig]] = getattr(import_module(slot.base.module), slot.base.name)
    return base


def _problems(slot: Slot, value: object, config_type: type[TrainerConfig]) -> Iterator[str]:
    base, types = _base(slot), value if isinstance(value, tuple) else (value,)
    if not types or not all(isinstance(t, type) and issubclass(t, base) for t in types):
        yield f"its `{slot.key}` must name {base.__name__} classes"
        return
    if (field := config_type.model_fields.get(slot.section)) is None:
        yield f"it has a `{slot.key}`, but {config_type.__name__} has no field `{slot.section}`"
        return
    admitted = {model.__name__ for model in _models(field.annotation)}
    taken = {t.config_type.__name__ for t in types}
    for config in {t.config_type for t in types if len(types) > len(taken)}:
        rivals = [t.__name__ for t in types if t.config_type is config]
        if len(rivals) > 1:
            names = " and ".join(rivals)
            yield f"its `{slot.key}` names {names} for one section, {config.__name__}: take one"
    if not taken <= admitted:
        yield (
            f"its `{slot.key}` takes {', '.join(sorted(taken))}, but the recipe admits "
            f"{', '.join(sorted(admitted))}"
        )


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    """Iterate over the models inside ``list[...]``, ``Annotated[...]`` and unions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
