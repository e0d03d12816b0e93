"""The slot table: the parts that trainers have, each a key of definitions and a recipe section.

Definitions, generated code, recipes, schemas and the runtime read this table; none of them lists
the slots again. It imports nothing heavy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

__all__ = ["SLOTS", "ImportPath", "Slot"]


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
    """A kind of part of a trainer.

    ``key`` is the definition's key and the trainer's attribute, ``section`` the recipe's key,
    ``maker`` the trainer's method that returns the factory, ``base`` the class that all factories
    of the slot derive from, and ``config_base`` that of their sections.
    """

    kind: str
    section: str
    key: str
    maker: str
    base: ImportPath
    config_base: ImportPath
    is_list: bool = False
    """Whether a recipe has a list of sections, each with a factory of its own."""

    is_required: bool = True
    """Whether every trainer has it. A definition may leave out an optional one; then its trainer
    has no such attribute, and its recipes no such section."""

    description: str = ""
    """What an optional section is for; the shared recipe model describes the required ones."""

    @property
    def noun(self) -> str:
        """What one of the slot is called in a message."""
        return "checkpoint engine" if self.is_list else f"{self.kind} factory"


def _slot(
    kind: str,
    base: str,
    config: str,
    *,
    module: str = "",
    is_list: bool = False,
    optional: str | None = None,
) -> Slot:
    """Return a slot by the naming rules.

    Args:
        kind: name of the slot's section.
        base: class of all its factories.
        config: class of all their sections, in the module of ``config`` named like the slot.
        module: module of the base below ``arctic_training``; by rule ``<kind>.factory``.
        is_list: whether a recipe has a list of sections.
        optional: description of the section, for a slot that trainers may do without.

    """
    part = "engine" if is_list else "factory"
    return Slot(
        kind=kind,
        section=kind,
        key=f"{kind}_{part}_type",
        maker=f"make_{kind}_{part}{'s' if is_list else ''}",
        base=ImportPath(f"arctic_training.{module or f'{kind}.{part}'}", base),
        config_base=ImportPath(f"arctic_training.config.{kind}", config),
        is_list=is_list,
        is_required=optional is None,
        description=optional or "",
    )


SLOTS: Final[tuple[Slot, ...]] = (
    _slot("data", "DataFactory", "DataConfig"),
    _slot("model", "ModelFactory", "ModelConfig"),
    _slot("checkpoint", "CheckpointEngine", "CheckpointConfig", is_list=True),
    _slot("optimizer", "OptimizerFactory", "OptimizerConfig"),
    _slot("scheduler", "SchedulerFactory", "SchedulerConfig"),
    _slot("tokenizer", "TokenizerFactory", "TokenizerConfig"),
)
