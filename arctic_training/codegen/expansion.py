"""How much the fields of a definition come to when their references are followed.

References lead to shared fields without copying them, so a short text can stand for a type
without end in sight: each level that names the next one twice doubles it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from arctic_training.codegen.own_factories import own_factories
from arctic_training.codegen.references import target
from arctic_training.diagnostics import Diagnostic
from arctic_training.document import MapNode, Node, Pointer, children, find, key_span

__all__ = ["expansion_problems"]

_MOST: Final = 10_000


def expansion_problems(document: MapNode) -> Iterator[Diagnostic]:
    """Find fields that come to more than can be worked on, in a linked definition."""
    places: list[Pointer] = [("config_type",)]
    places += [(*pointer, "config_type") for _, pointer in own_factories(document)]
    sizes: dict[Pointer, int] = {}
    for place in places:
        node = find(document, place)
        if node is not None and _size(document, node, sizes) > _MOST:
            yield Diagnostic(
                code="out-of-range",
                message=f"with all references followed, these are more than {_MOST} values",
                span=key_span(document, place),
            )


def _size(document: MapNode, node: Node, sizes: dict[Pointer, int]) -> int:
    """Return the number of values in a schema, each reference counted with what it leads to."""
    return 1 + sum(
        _target_size(document, below, sizes) if key == "$ref" else _size(document, below, sizes)
        for key, below in children(node)
    )


def _target_size(document: MapNode, reference: Node, sizes: dict[Pointer, int]) -> int:
    place = target(reference)
    if place not in sizes:
        sizes[place] = 0  # what is met within it again is a value that looks like a reference
        node = find(document, place)
        sizes[place] = _size(document, node, sizes) if node else 0
    return sizes[place]
