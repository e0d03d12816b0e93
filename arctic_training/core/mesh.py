"""The process mesh: which process this is, along named axes, and the sizes to divide by.

Each axis says what its processes share. Along ``data`` they get different micro-batches; along
``sequence`` each gets a slice of the same rows. Shares, divisions and reductions take their sizes
from the axes that they are about, so that they stay right when an axis is added.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from math import prod
from typing import Final, Literal, Self, TypeAlias

__all__ = ["BATCH_AXES", "Axis", "Mesh", "World", "environment_problem", "integer_variable"]

Axis: TypeAlias = Literal["data", "sequence"]

BATCH_AXES: Final[tuple[Axis, ...]] = ("data", "sequence")
"""Axes over which the tokens of a global batch are split: sums and averages over it span these."""

_VARIABLES: Final = {
    "MASTER_ADDR": "where processes meet",
    "MASTER_PORT": "where processes meet",
    "RANK": "which process this is",
}
"""Variables that each of several processes needs."""


@dataclass(frozen=True, slots=True)
class World:
    """Rank of a process and number of processes, as ``trainer.world`` gives them to callbacks."""

    rank: int
    size: int

    @property
    def is_first(self) -> bool:
        """Whether this is rank 0."""
        return self.rank == 0


@dataclass(frozen=True, slots=True)
class Mesh:
    """The processes of a run along named axes, and this one among them.

    Ranks are row-major: those of one sequence group are neighbours, as a rule on one machine.
    """

    rank: int = 0
    data: int = 1
    """Size of the axis along which micro-batches differ."""

    sequence: int = 1
    """Size of the axis along which processes share rows, each with a slice of every sequence."""

    @classmethod
    def of_environment(cls) -> Self:
        """Return the mesh that ``RANK`` and ``WORLD_SIZE`` describe; without them, one process.

        All processes are on the data axis. Malformed values are ``environment_problem``'s to
        report, before anything is computed.
        """
        return cls(integer_variable("RANK", 0), integer_variable("WORLD_SIZE", 1))

    @property
    def num_processes(self) -> int:
        """Number of processes, to enumerate them; a division takes ``size`` of its axes."""
        return self.data * self.sequence

    @property
    def is_first(self) -> bool:
        """Whether this is rank 0, which prints and writes for all."""
        return self.rank == 0

    @property
    def world(self) -> World:
        """Rank and number of processes, without axes."""
        return World(self.rank, self.num_processes)

    def size(self, *axes: Axis) -> int:
        """Return the number of processes along one or several axes."""
        return prod(self._sizes[axis] for axis in axes)

    def coordinate(self, axis: Axis) -> int:
        """Return the index of this process along an axis."""
        return _coordinates(self.rank, self._sizes)[axis]

    def group(self, *axes: Axis) -> list[int]:
        """Return the ranks with which this process shares every coordinate but those named."""
        return [rank for rank in range(self.num_processes) if self._is_along(rank, axes)]

    def _is_along(self, rank: int, axes: Collection[Axis]) -> bool:
        mine, other = (_coordinates(each, self._sizes) for each in (self.rank, rank))
        return all(mine[axis] == other[axis] for axis in mine if axis not in axes)

    @property
    def _sizes(self) -> dict[Axis, int]:
        return {"data": self.data, "sequence": self.sequence}


def _coordinates(rank: int, sizes: dict[Axis, int]) -> dict[Axis, int]:
    found: dict[Axis, int] = {}
    for axis in reversed(sizes):
        rank, found[axis] = divmod(rank, sizes[axis])
    return found


def environment_problem() -> str:
    """Return what is impossible in a process's environment; empty if nothing is."""
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_PORT"):
        if not (given := os.environ.get(name, "0")).isdecimal():
            return f"{name}: expected a non-negative integer, found `{given}`"
    mesh = Mesh.of_environment()
    for name, what in _VARIABLES.items():
        if mesh.num_processes > 1 and name not in os.environ:
            return f"WORLD_SIZE is {mesh.num_processes}, but {name} is not set ({what})"
    if mesh.rank >= mesh.num_processes:
        return f"RANK is {mesh.rank}, but WORLD_SIZE is {mesh.num_processes}: ranks count from 0"
    return ""


def integer_variable(name: str, otherwise: int) -> int:
    """Return an integer of the environment; ``otherwise`` where there is none."""
    given = os.environ.get(name, "")
    return int(given) if given.isdecimal() else otherwise
