"""The parts that every trainer has, and how names in modules are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

__all__ = [
    "SLOTS",
    "ImportPath",
    "Slot",
]


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

    @property
    def noun(self) -> str:
        """What one of the slot is called in a message."""
        return "checkpoint engine" if self.is_list else f"{self.kind} factory"


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
