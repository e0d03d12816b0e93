"""Where the references of a linked definition lead, and whether they end."""

from __future__ import annotations

from collections.abc import Iterator

from arctic_training.diagnostics import Diagnostic, Related
from arctic_training.document import Entry, ListNode, MapNode, Node, Pointer, find, plain

__all__ = ["cycles", "entries_of", "shared_fields", "target"]


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
    done: set[Pointer] = set()
    for start in shared_fields(document):
        yield from _cycle(document, start, (), done)


def _cycle(
    document: MapNode, place: Pointer, way: tuple[tuple[Pointer, Node], ...], done: set[Pointer]
) -> Iterator[Diagnostic]:
    places = [before for before, _ in way]
    if place in places:
        turn = way[places.index(place) :]
        chain = " -> ".join(str(p[-1]) for p in (*(before for before, _ in turn), place))
        yield Diagnostic(
            code="cycle",
            message=f"`{place[-1]}` is made of itself: {chain}",
            span=turn[-1][1].span,
            related=tuple(Related("by way of this", step.span) for _, step in turn[:-1]),
            hint="no config can be nested without an end: make one of them a text or a number",
        )
    elif place not in done:
        node = find(document, place)
        for reference in _references(node) if node else ():
            yield from _cycle(document, target(reference), (*way, (place, reference)), done)
        done.add(place)


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
