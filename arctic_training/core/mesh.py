"""Which process this is, and of how many."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final, Self

__all__ = ["World", "environment_problem", "integer_variable"]

_SAYS: Final = {
    "MASTER_ADDR": "where processes meet",
    "MASTER_PORT": "where processes meet",
    "RANK": "which process this is",
}
"""What one of several processes has to be told."""


@dataclass(frozen=True, slots=True)
class World:
    """A process among those of one run: ``rank``, from 0, of ``size``."""

    rank: int = 0
    size: int = 1

    @classmethod
    def of_environment(cls) -> Self:
        """Return what a launcher said in ``RANK`` and ``WORLD_SIZE``; without one, 0 of 1.

        What is no number is ``environment_problem``'s to tell, before anything is computed.
        """
        return cls(integer_variable("RANK", 0), integer_variable("WORLD_SIZE", 1))

    @property
    def is_first(self) -> bool:
        """Whether this is the process that speaks and writes for all."""
        return self.rank == 0


def environment_problem() -> str:
    """Return what in the environment of a process cannot be; an empty text if all of it can."""
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_PORT"):
        if not (said := os.environ.get(name, "0")).isdecimal():
            return f"{name} is `{said}`, and no number"
    world = World.of_environment()
    for name, what in _SAYS.items():
        if world.size > 1 and name not in os.environ:
            return f"WORLD_SIZE is {world.size}, but {name} does not say {what}"
    if world.rank >= world.size:
        return f"RANK is {world.rank}, but WORLD_SIZE is {world.size}: ranks count from 0"
    return ""


def integer_variable(name: str, otherwise: int) -> int:
    """Return a number of the environment; ``otherwise`` where there is none."""
    said = os.environ.get(name, "")
    return int(said) if said.isdecimal() else otherwise
