"""What a trainer's class may name in its slots, and whether a recipe can choose it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar, get_args

from pydantic import BaseModel

from arctic_training.checkpoint.engine import CheckpointEngine
from arctic_training.config.base import SectionConfig
from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.factory import Component
from arctic_training.core.one_of import OneOf
from arctic_training.data.factory import DataFactory
from arctic_training.errors import RecipeError
from arctic_training.model.factory import ModelFactory
from arctic_training.optimizer.factory import OptimizerFactory
from arctic_training.scheduler.factory import SchedulerFactory
from arctic_training.tokenizer.factory import TokenizerFactory

__all__ = ["SLOTS", "slot_problems", "taking", "use_own_slots"]

ComponentT = TypeVar("ComponentT", bound=Component[SectionConfig])

SLOTS: Final[Mapping[str, type[Component[SectionConfig]]]] = {
    "data_factory_type": DataFactory,
    "model_factory_type": ModelFactory,
    "checkpoint_engine_type": CheckpointEngine,
    "optimizer_factory_type": OptimizerFactory,
    "scheduler_factory_type": SchedulerFactory,
    "tokenizer_factory_type": TokenizerFactory,
}
"""The slots of a trainer, and what may stand in each."""


def taking(types: OneOf[type[ComponentT]], section: SectionConfig) -> type[ComponentT]:
    """Return the class that takes a section.

    Raises:
        RecipeError: a trainer that extends another has no such class, though its recipes may ask.

    """
    classes = types if isinstance(types, tuple) else (types,)
    for part in classes:
        if part.config_type is type(section):
            return part
    keys = [slot.partition("_")[0] for slot, base in SLOTS.items() if issubclass(classes[0], base)]
    known = ", ".join(f"`{each.config_type.model_fields['type'].default}`" for each in classes)
    message = f"the trainer has no factory of this type; it has {known}"
    raise RecipeError((*keys, "type"), message, code="unknown-factory")


def use_own_slots(trainer: type, base: type) -> None:
    """Let the factories that a trainer names in a slot be made, and not those of what it extends.

    A generated trainer makes its factories itself. A subclass that names others gets the methods
    of ``base``, which go by the names, unless it has methods of its own.
    """
    for slot in SLOTS:
        maker = f"make_{slot.removesuffix('_type')}"
        maker = maker if hasattr(base, maker) else f"{maker}s"
        if slot in vars(trainer) and maker not in vars(trainer):
            setattr(trainer, maker, getattr(base, maker))


def slot_problems(
    slot: str, base: type[Component[SectionConfig]], value: object, config_type: type[TrainerConfig]
) -> Iterator[str]:
    """Find what keeps a recipe and the factories of a slot from agreeing."""
    types = value if isinstance(value, tuple) else (value,)
    if not types or not all(isinstance(t, type) and issubclass(t, base) for t in types):
        yield f"its `{slot}` must name {base.__name__} classes"
        return
    field = config_type.model_fields[slot.partition("_")[0]]
    admitted = {model.__name__ for model in _models(field.annotation)}
    taken = {t.config_type.__name__ for t in types}
    for config in {t.config_type for t in types if len(types) > len(taken)}:
        rivals = [t.__name__ for t in types if t.config_type is config]
        if len(rivals) > 1:
            names = " and ".join(rivals)
            yield f"its `{slot}` names {names} for one section, {config.__name__}: take one"
    if not taken <= admitted:
        yield (
            f"its `{slot}` takes {', '.join(sorted(taken))}, but the recipe admits "
            f"{', '.join(sorted(admitted))}"
        )


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    """Iterate over the models inside ``list[...]``, ``Annotated[...]`` and unions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
