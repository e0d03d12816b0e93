"""The parts of a trainer, and the factories: what each section of a recipe is turned into by."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Generic, TypeVar

from arctic_training.config.base import Config, SectionConfig
from arctic_training.core.context import TrainerContext
from arctic_training.core.foreign_members import foreign_member_problems, renamed_member_problems
from arctic_training.core.registry import Registered
from arctic_training.errors import RecipeError

__all__ = ["Component", "Factory"]

Section_co = TypeVar("Section_co", bound=SectionConfig, covariant=True)
Product_co = TypeVar("Product_co", covariant=True)


class Component(Registered, ABC, Generic[Section_co], abstract=True):
    """What works for one trainer after the instructions of one section of its recipe.

    A subclass has the ``name`` under which a definition and a recipe's ``type`` know it, and the
    ``config_type`` of its section. One that inherits the ``config_type`` of another has a ``name``
    of its own, and takes that one's place in a trainer: the ``type`` in a recipe stays.
    """

    config_type: type[Section_co]

    def __init__(self, trainer: TrainerContext, config: Section_co) -> None:
        self.trainer = trainer
        self.config = config

    def problems(self) -> Iterator[RecipeError]:
        """Iterate over the problems of the section that can be found before anything is prepared.

        Called for all parts of a trainer. It makes nothing.
        """
        return iter(())

    def problem(
        self, field: str, message: str, *, code: str = "not-usable", hint: str = ""
    ) -> RecipeError:
        """Return the error that says what is wrong with a field of this factory's section."""
        return self.located(RecipeError((field,), message, code=code, hint=hint), self.config)

    def located(self, error: RecipeError, section: Config) -> RecipeError:
        """Return the error of a section, its own or one inside it, as one of the whole recipe."""
        return error.below(_pointer(self.trainer.config, section) or ())

    @classmethod
    def _definition_problems(cls) -> list[str]:
        problems = [*super()._definition_problems(), *foreign_member_problems(cls)]
        problems += renamed_member_problems(cls)
        config_type = getattr(cls, "config_type", None)
        if config_type is None:
            return [*problems, "it has no `config_type`"]
        tag = config_type.model_fields.get("type")
        inherited = getattr(super(cls, cls), "config_type", None) is config_type
        if not inherited and (tag is None or tag.default != getattr(cls, "name", None)):
            found = f"`{tag.default}`" if tag else "missing"
            problems.append(f"its `name` is not the `type` of {config_type.__name__}, {found}")
        return problems


class Factory(Component[Section_co], Generic[Section_co, Product_co], abstract=True):
    """Makes one part of a trainer."""

    @abstractmethod
    def create(self) -> Product_co:
        """Make the part."""


def _pointer(root: object, section: Config) -> tuple[str | int, ...] | None:
    """Return the keys and indices that lead from a recipe to one of its sections."""
    if root is section:
        return ()
    steps: Iterator[tuple[str | int, object]] = iter(())
    if isinstance(root, Config):
        steps = iter(root)
    elif isinstance(root, tuple):
        steps = iter(enumerate(root))
    for step, value in steps:
        if (found := _pointer(value, section)) is not None:
            return (step, *found)
    return None
