"""Where the references of a definition lead, and whether they end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from arctic_training.diagnostics import Diagnostic, Related, Span
from arctic_training.document import Node, Pointer, plain

__all__ = ["Graph", "Reference", "innermost_first", "target"]

_MOST_SHOWN: Final = 8
"""Fields of a cycle that are named."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A `$ref` in a shared field: the place of another that it leads to, and its own span."""

    to: Pointer
    span: Span


Graph: TypeAlias = Mapping[Pointer, Sequence[Reference]]
"""Shared fields by their place, with what each refers to."""

_Way: TypeAlias = list[tuple[Pointer, Reference]]
"""Places of shared fields, each with the reference in it that leads to the next."""


def target(reference: Node) -> Pointer:
    """Return where in a linked definition a `$ref` of it leads."""
    return tuple(map(_unescaped, str(plain(reference)).removeprefix("#/").split("/")))


def _unescaped(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")


def innermost_first(graph: Graph) -> tuple[list[Pointer], list[Diagnostic]]:
    """Return the places of all shared fields, each after those that it is made of, and the cycles.

    Each cycle is found once, with its chain. A chain may be as long as a document: it is followed
    without recursion.
    """
    order: dict[Pointer, None] = {}
    problems: list[Diagnostic] = []
    for start in graph:
        problems += map(_cycle, _walk(graph, start, order))
    return list(order), problems


def _walk(graph: Graph, start: Pointer, done: dict[Pointer, None]) -> Iterator[_Way]:
    """Iterate over the cycles on the ways from a place; what has been followed is ``done``."""
    way: _Way = []
    depths = {start: 0}
    waiting = [] if start in done else [iter(graph[start])]
    while waiting:
        reference = next(waiting[-1], None)
        if reference is None:
            waiting.pop()
            place, _ = depths.popitem()
            done[place] = None
            way[-1:] = []
            continue
        place, here = reference.to, next(reversed(depths))
        if place in depths:
            yield [*way, (here, reference)][depths[place] :]
        elif place not in done and place in graph:
            way.append((here, reference))
            depths[place] = len(depths)
            waiting.append(iter(graph[place]))


def _cycle(turn: _Way) -> Diagnostic:
    """Return the error for a cycle: the places on it, each with the reference that leads on."""
    names = [str(place[-1]) for place, _ in turn]
    shown = names if len(names) <= _MOST_SHOWN else [*names[: _MOST_SHOWN - 1], "...", names[-1]]
    return Diagnostic(
        code="cycle",
        message=f"`{names[0]}` refers to itself: {' -> '.join([*shown, names[0]])}",
        span=turn[-1][1].span,
        related=tuple(Related("by way of this", step.span) for _, step in turn[:-1][:_MOST_SHOWN]),
        help="a config cannot be nested without end: make one of them a string or a number",
    )
