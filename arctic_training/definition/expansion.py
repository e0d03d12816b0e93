"""How much the fields of a definition come to when their references are followed.

References lead to shared fields without copying them, so a short text can stand for a type
without end in sight: each level that names the next one twice doubles it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from arctic_training.definition.factories.custom import own_factories
from arctic_training.definition.references import entries_of, innermost_first, target
from arctic_training.diagnostics import Diagnostic
from arctic_training.document import MapNode, Node, Pointer, children, find, key_span

__all__ = ["MOST_LEVELS", "MOST_REFERENCES", "MOST_VALUES", "expansion_problems"]

MOST_VALUES: Final = 10_000
"""Values in the fields of a class, each reference counted with what it leads to."""

MOST_LEVELS: Final = 64
"""Schemas inside each other; a recipe cannot be nested deeper."""

MOST_REFERENCES: Final = 64
"""References that lead from one to the next, on any way into a field."""

_SCHEMAS: Final = {"items", "additionalProperties", "anyOf", "oneOf"}


@dataclass(frozen=True, slots=True)
class _Extent:
    """How much a part of a definition comes to."""

    values: int
    levels: int
    references: int

    @classmethod
    def around(cls, parts: Iterable[_Extent], *, levels: int = 0, references: int = 0) -> _Extent:
        """Return the extent of a value that holds some parts."""
        known = [*parts]
        return cls(
            1 + sum(part.values for part in known),
            levels + max((part.levels for part in known), default=0),
            references + max((part.references for part in known), default=0),
        )

    @property
    def excess(self) -> tuple[str, str] | None:
        """What there is too much of, and the remedy; None within the limits."""
        if self.references > MOST_REFERENCES:
            return (
                f"more than {MOST_REFERENCES} references lead from one to the next",
                "refer to what is at the end of the chain",
            )
        if self.levels > MOST_LEVELS:
            return f"more than {MOST_LEVELS} levels of nesting", "no recipe can be nested deeper"
        return None


def expansion_problems(document: MapNode) -> Iterator[Diagnostic]:
    """Find fields that come to more than can be worked on, in a linked definition."""
    reader = _Reader(document, {})
    deep = []
    for place in (*innermost_first(document), *_fields(document)):
        node = find(document, place)
        extent = reader.extent(node) if node else None
        if extent and extent.excess and not reader.leads_to_excess(place):
            deep.append(_problem(document, place, *extent.excess))
        if extent and place[0] != "config_type":
            reader.shared[place] = extent
    yield from deep or _too_large(document, reader)


def _too_large(document: MapNode, reader: _Reader) -> Iterator[Diagnostic]:
    places: list[Pointer] = [("config_type",)]
    places += [(*pointer, "config_type") for _, pointer in own_factories(document)]
    for place in places:
        node = find(document, place)
        if node is not None and reader.extent(node).values > MOST_VALUES:
            yield _problem(document, place, f"these are more than {MOST_VALUES} values")


def _fields(document: MapNode) -> Iterator[Pointer]:
    """Iterate over the places of all fields with a name in the classes of a definition."""
    properties: list[Pointer] = [("config_type", "properties")]
    properties += [(*own, *properties[0]) for _, own in own_factories(document)]
    for place in properties:
        yield from ((*place, name) for name in entries_of(find(document, place)))


def _problem(document: MapNode, place: Pointer, excess: str, hint: str = "") -> Diagnostic:
    return Diagnostic(
        code="out-of-range",
        message=f"with all references followed, {excess}",
        span=key_span(document, place),
        hint=hint,
    )


@dataclass
class _Reader:
    """Measures schemas; those of shared fields are known before what refers to them."""

    document: MapNode
    shared: dict[Pointer, _Extent]

    def extent(self, node: Node, key: str | int = "") -> _Extent:
        """Return the extent of a part that stands under a key."""
        if key == "$ref":
            # what is not known is within itself: a value that looks like a reference
            known = self.shared.get(target(node))
            return _Extent.around([known] if known else [], references=1)
        parts = [self.extent(below, step) for step, below in children(node)]
        is_level = key in _SCHEMAS or key == "properties"
        return _Extent.around(parts, levels=int(is_level))

    def leads_to_excess(self, place: Pointer) -> bool:
        """Return whether a field refers to one that is beyond the limits itself."""
        node = find(self.document, place)
        return node is not None and any(known.excess for known in self._referred(node))

    def _referred(self, node: Node) -> Iterator[_Extent]:
        for key, below in children(node):
            if key != "$ref":
                yield from self._referred(below)
            elif known := self.shared.get(target(below)):
                yield known
