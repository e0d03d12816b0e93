"""Where the references of a linked definition lead, and whether they end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from arctic_training.diagnostics import Diagnostic, Related
from arctic_training.document import Entry, ListNode, MapNode, Node, Pointer, find, plain

__all__ = ["cycles", "entries_of", "innermost_first", "shared_fields", "target"]

_Way: TypeAlias = list[tuple[Pointer, Node]]
"""Places of shared fields, each with the reference in it that leads to the next."""


def target(reference: Node) -> Pointer:
    """Return where in a linked definition a `$ref` of it leads."""
    return tuple(map(_unescaped, str(plain(reference)).removeprefix("#/").split("/")))


def shared_fields(document: Node) -> Iterator[Pointer]:
    """Iterate over the places of all shared fields of a linked definition."""
    for name in entries_of(find(document, ("definitions",))):
        yield "definitions", name
    for file, entry in entries_of(find(document, ("linked",))).items():
        for name in entries_of(entry.value):
            yield "linked", file, name


def cycles(document: MapNode) -> Iterator[Diagnostic]:
    """Find shared fields that are made of themselves, each cycle once, with its chain."""
    return (_cycle(turn) for turn in _walk(document) if isinstance(turn, list))


def innermost_first(document: MapNode) -> Iterator[Pointer]:
    """Iterate over the places of all shared fields, after those that each is made of.

    There is no cycle among them.
    """
    return (place for place in _walk(document) if isinstance(place, tuple))


def _walk(document: MapNode) -> Iterator[Pointer | _Way]:
    """Iterate over the places of shared fields, innermost first, and over the cycles among them.

    A chain may be as long as a document: it is followed without recursion.
    """
    done: set[Pointer] = set()
    for start in shared_fields(document):
        way: _Way = []
        depths = {start: 0}
        waiting = [] if start in done else [_steps(document, start)]
        while waiting:
            reference = next(waiting[-1], None)
            if reference is None:
                waiting.pop()
                place, _ = depths.popitem()
                done.add(place)
                yield place
                way[-1:] = []
                continue
            place, here = target(reference), next(reversed(depths))
            if place in depths:
                yield [*way, (here, reference)][depths[place] :]
            elif place not in done:
                way.append((here, reference))
                depths[place] = len(depths)
                waiting.append(_steps(document, place))


def _steps(document: MapNode, place: Pointer) -> Iterator[Node]:
    node = find(document, place)
    return _references(node) if node else iter(())


def _cycle(turn: _Way) -> Diagnostic:
    """Return the error for a cycle: the places on it, each with the reference that leads on."""
    names = [str(place[-1]) for place, _ in turn]
    shown = names if len(names) <= _MOST_SHOWN else [*names[: _MOST_SHOWN - 1], "...", names[-1]]
    return Diagnostic(
        code="cycle",
        message=f"`{names[0]}` is made of itself: {' -> '.join([*shown, names[0]])}",
        span=turn[-1][1].span,
        related=tuple(Related("by way of this", step.span) for _, step in turn[:-1][:_MOST_SHOWN]),
        hint="no config can be nested without an end: make one of them a text or a number",
    )


_MOST_SHOWN: Final = 8
"""Fields of a cycle that are named."""


def _references(node: Node) -> Iterator[Node]:
    """Iterate over the references in the schema of a field, however deep."""
    if isinstance(node, ListNode):
        for item in node.items:
            yield from _references(item)
    for key, entry in entries_of(node).items():
        match key:
            case "$ref":
                yield entry.value
            case "properties":
                for below in entries_of(entry.value).values():
                    yield from _references(below.value)
            case "items" | "additionalProperties" | "anyOf" | "oneOf":
                yield from _references(entry.value)
            case _:
                pass


def entries_of(node: Node | None) -> dict[str, Entry]:
    """Return the entries of a mapping; nothing else has any."""
    return node.entries if isinstance(node, MapNode) else {}


def _unescaped(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")
