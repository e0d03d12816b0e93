"""Keys that a schema does not know: what each was probably meant to be."""

from __future__ import annotations

from itertools import takewhile
from typing import Final

from arctic_training.config.foreign import FOREIGN_KEYS
from arctic_training.diagnostics import Diagnostic, known_words, nearest
from arctic_training.document.node import JSON, Node, Pointer, find, key_span
from arctic_training.document.places import known_keys, places, types_with
from arctic_training.document.schema import Schema, Subschema

__all__ = ["keys_listed", "unknown_key"]

_ALIKE: Final = 0.85
"""How alike a key of another section must be: there are many."""

_MOST_SHOWN: Final = 3
_MOST_LISTED: Final = 12


def unknown_key(
    pointer: Pointer, node: Node, schema: Schema, applying: list[Subschema]
) -> Diagnostic:
    """Return what to say of the key that ``pointer`` ends in.

    ``applying`` are the subschemas that apply to the section in which it stands.
    """
    key = str(pointer[-1])
    for planned in (outer.get("x-planned", {}) for outer in applying):
        if isinstance(planned, dict) and key in planned:
            return Diagnostic(
                code="not-supported",
                message=f"`{key}` is not supported yet",
                span=key_span(node, pointer),
                hint=str(planned[key]),
            )
    known = known_keys(applying)
    elsewhere = _elsewhere(pointer, node, schema, applying)
    meant = "" if elsewhere else nearest(key, known)
    return Diagnostic(
        code="unknown-key",
        message=f"unknown key `{key}`",
        span=key_span(node, pointer),
        suggestion=meant,
        hint=""
        if meant
        else elsewhere or _similar(pointer, node, schema) or keys_listed(known, applying, schema),
    )


def _elsewhere(pointer: Pointer, node: Node, schema: Schema, applying: list[Subschema]) -> str:
    """Return where a key belongs that is known by this name, here or to users of other tools."""
    key, section = str(pointer[-1]), find(node, pointer[:-1])
    if section is not None and (types := types_with(key, applying, section, schema)):
        return f"it is a key of {_alternatives([f'type: {name}' for name in types])}"
    there = [place.pointer for place in places(node, schema)]
    target = tuple(FOREIGN_KEYS.get(key, "").split("."))
    meant = [way for way in there if _bare(way) == target[: len(way)]]
    longest = max(map(len, meant), default=0)
    exact = [way for way in meant if len(way) == longest]
    return _question(exact or [way for way in there if way[-1] == key], pointer)


def _similar(pointer: Pointer, node: Node, schema: Schema) -> str:
    there = [place.pointer for place in places(node, schema)]
    meant = nearest(str(pointer[-1]), {str(way[-1]) for way in there}, cutoff=_ALIKE)
    return _question([way for way in there if way[-1] == meant], pointer)


def _question(ways: list[Pointer], pointer: Pointer) -> str:
    """Ask for the ways that share the most with where the key stands."""
    if not ways:
        return ""
    closest = max(_shared(way, pointer) for way in ways)
    near = [way for way in ways if _shared(way, pointer) == closest]
    shortest = min(map(len, near))
    asked = [".".join(map(str, way)) for way in near if len(way) == shortest][:_MOST_SHOWN]
    where = " at the top level" if shortest == 1 < len(pointer) else ""
    return f"did you mean {_alternatives(asked)}{where}?"


def _shared(way: Pointer, pointer: Pointer) -> int:
    """Return how many sections two keys stand in together."""
    both = zip(way[:-1], pointer[:-1], strict=False)
    return len([*takewhile(lambda pair: pair[0] == pair[1], both)])


def _bare(way: Pointer) -> Pointer:
    """Return the way without the numbers of items of lists."""
    return tuple(step for step in way if isinstance(step, str))


def _alternatives(words: list[str]) -> str:
    *others, last = [f"`{word}`" for word in words]
    return f"{', '.join(others)} or {last}" if others else last


def keys_listed(known: list[str], applying: list[Subschema], schema: Schema) -> str:
    """List the keys of a section; of many, first those that it needs, and how many more it has."""
    if len(known) <= _MOST_LISTED:
        return f"known here: {known_words(known)}" if known else ""
    required = {key for rule in applying for key in _words(rule.get("required"))}
    first = sorted(known, key=lambda key: key not in required)[:_MOST_LISTED]
    words = ", ".join(f"`{key}`" for key in first)
    return f"known here: {words} and {len(known) - len(first)} more{_where(schema)}"


def _words(listed: JSON) -> list[str]:
    return [str(word) for word in listed] if isinstance(listed, list) else []


def _where(schema: Schema) -> str:
    """Name the command that prints a schema: of a trainer's recipes, or of definitions."""
    if "definitions" not in schema.root:
        return ""  # what a function takes stands in its file
    properties = schema.root.get("properties")
    kind = properties.get("type") if isinstance(properties, dict) else None
    name = f" {kind['const']}" if isinstance(kind, dict) and "const" in kind else ""
    return f"; `arctic-gen schema{name}` has all"
