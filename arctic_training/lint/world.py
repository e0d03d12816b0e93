"""What the values in a function can be, and what a function is followed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol, TypeAlias

from arctic_training.lint.modules import Function, FunctionDefinition, Library
from arctic_training.lint.shape import Shape

__all__ = [
    "MAYBE",
    "NOTHING",
    "PART",
    "TRAINER",
    "Values",
    "World",
    "given_from_outside",
    "parameters",
]


Values: TypeAlias = frozenset[str]
"""Classes of the config, or one of the three below."""

TRAINER: Final = "trainer"
MAYBE: Final = "maybe the trainer"
"""The arguments of a function whose callers are unknown: only its `config` counts."""

PART: Final = "a part of the trainer"
"""A factory of the user's: it has the trainer as its `trainer`."""

NOTHING: Final[Values] = frozenset()


class World(Protocol):
    """What a function is followed in."""

    @property
    def shape(self) -> Shape:
        """What the config is, and what is read of it."""

    @property
    def library(self) -> Library:
        """The modules that can be followed."""

    @property
    def methods(self) -> Mapping[str, FunctionDefinition]:
        """The methods that the user gives the trainer."""

    def call(self, function: FunctionDefinition, given: Mapping[str, Values]) -> Values:
        """Follow a function with what its parameters are; return what it returns."""

    def hand_out(self, values: Values) -> None:
        """Give values to code that cannot be followed: it may read all of them."""


def parameters(function: Function) -> list[str]:
    """Return the names of the parameters that take one value each, in order."""
    listed = function.args
    return [each.arg for each in (*listed.posonlyargs, *listed.args, *listed.kwonlyargs)]


def given_from_outside(function: FunctionDefinition, first: str) -> dict[str, Values]:
    """Return what the parameters are of a function that is called from out of sight."""
    names = parameters(function.node)
    return {name: frozenset({MAYBE if n else first}) for n, name in enumerate(names)}
