"""Which process this is, and of how many."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Self

__all__ = ["World"]


@dataclass(frozen=True, slots=True)
class World:
    """A process among those of one run: ``rank``, from 0, of ``size``."""

    rank: int = 0
    size: int = 1

    @classmethod
    def of_environment(cls) -> Self:
        """Return what a launcher said in ``RANK`` and ``WORLD_SIZE``; without one, 0 of 1."""
        return cls(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))

    @property
    def is_first(self) -> bool:
        """Whether this is the process that speaks and writes for all."""
        return self.rank == 0
