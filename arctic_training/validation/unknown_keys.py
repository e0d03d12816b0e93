"""Keys that a schema does not know: what each was probably meant to be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Final

from arctic_training.config.foreign import FOREIGN_KEYS
from arctic_training.diagnostics import Diagnostic, Span, known_words, nearest
from arctic_training.diagnostics.advice import note_and_help
from arctic_training.document.node import (
    JSON,
    Entry,
    MapNode,
    Node,
    Pointer,
    ScalarNode,
    find,
    key_span,
)
from arctic_training.validation.key_locations import known_keys, places, types_with
from arctic_training.validation.schema import Schema, Subschema
from arctic_training.validation.violation import Violation

__all__ = ["KeyFinder", "keys_listed"]

_ALIKE: Final = 0.8
"""Minimum similarity of a key of another section: there are many."""

_MOST_SHOWN: Final = 3
_MOST_LISTED: Final = 12


@dataclass(frozen=True)
class KeyFinder:
    """Finds what unknown keys of one document were meant to be."""

    document: Node
    schema: Schema

    @cached_property
    def ways(self) -> list[Pointer]:
        """The ways to all keys that the document may have."""
        return [place.pointer for place in places(_opened(self.document, self.schema), self.schema)]

    @cached_property
    def names(self) -> frozenset[str]:
        """The last steps of all ways."""
        return frozenset(str(way[-1]) for way in self.ways)

    def unknown_key(self, pointer: Pointer, applying: list[Subschema]) -> Violation:
        """Return what to say of the key that ``pointer`` ends in.

        ``applying`` are the subschemas that apply to its section.
        """
        key, span = str(pointer[-1]), key_span(self.document, pointer)
        for planned in (outer.get("x-planned", {}) for outer in applying):
            if isinstance(planned, dict) and key in planned:
                return Violation("unknown", pointer, _unsupported(key, span, str(planned[key])))
        known = known_keys(applying)
        if dash := _dash(key):
            found = Diagnostic(
                code="unknown-key", message=f"unknown key `{key}`", span=span, help=dash
            )
            return Violation("unknown", pointer, found, self._beside(pointer, known))
        types, exact = self._types(pointer, applying), self._exact(pointer)
        meant = "" if types or exact else self._meant(key, applying) or nearest(key, known)
        ways = exact or ([] if types or meant else self._similar(pointer))
        hint = _question(ways, pointer)
        found = Diagnostic(
            code="unknown-key",
            message=f"unknown key `{key}`",
            span=span,
            suggestion=meant,
            note=types,
            help="" if meant or types else hint or keys_listed(known, applying, self.schema),
        )
        return Violation(
            "unknown", pointer, found, ((*pointer[:-1], meant),) if meant else (*ways,)
        )

    def _meant(self, key: str, applying: list[Subschema]) -> str:
        """Return the key for which another word is often written, by the schema's `x-meant`."""
        words = (outer.get("x-meant", {}) for outer in applying)
        return next((str(w[key]) for w in words if isinstance(w, dict) and key in w), "")

    @staticmethod
    def _beside(pointer: Pointer, known: list[str]) -> tuple[Pointer, ...]:
        """Return the keys that a section may have: any may be missing because of the dash."""
        return tuple((*pointer[:-1], key) for key in known)

    def _types(self, pointer: Pointer, applying: list[Subschema]) -> str:
        """Return of which other types of its section a key is, as an advice."""
        key, section = str(pointer[-1]), find(self.document, pointer[:-1])
        if section is not None and (types := types_with(key, applying, section, self.schema)):
            return f"it is a key of {_alternatives([f'type: {name}' for name in types])}"
        return ""

    def _exact(self, pointer: Pointer) -> list[Pointer]:
        """Return where a key belongs that has this name, here or in another tool."""
        key = str(pointer[-1])
        target = tuple(FOREIGN_KEYS.get(key, "").split("."))
        if key not in self.names and target == ("",):
            return []
        meant = [way for way in self.ways if _bare(way) == target[: len(way)]]
        longest = max(map(len, meant), default=0)
        exact = [way for way in meant if len(way) == longest]
        return _closest(exact or [way for way in self.ways if way[-1] == key], pointer)

    def _similar(self, pointer: Pointer) -> list[Pointer]:
        meant = nearest(str(pointer[-1]), sorted(self.names), cutoff=_ALIKE)
        return _closest([way for way in self.ways if way[-1] == meant], pointer)


def _unsupported(key: str, span: Span, advice: str) -> Diagnostic:
    note, remedy = note_and_help(advice)
    message = f"`{key}` is not supported"
    return Diagnostic(code="not-supported", message=message, span=span, note=note, help=remedy)


def _opened(document: Node, schema: Schema) -> Node:
    """Return a document with an empty section where a name or nothing stands for one."""
    if not isinstance(document, MapNode):
        return document
    entries = dict(document.entries)
    for key, entry in document.entries.items():
        if isinstance(entry.value, ScalarNode):
            empty = MapNode({}, entry.value.span)
            if known_keys(schema.below(schema.at(document, ()), key, empty)):
                entries[key] = Entry(entry.key, empty)
    return MapNode(entries, document.span)


def _dash(key: str) -> str:
    is_item = key.startswith("-") and key[1:2].isalpha()
    return f"write `- {key[1:]}`: a list item begins with a dash and a space" if is_item else ""


def _closest(ways: list[Pointer], pointer: Pointer) -> list[Pointer]:
    """Return the ways that share the most with the place of a key, and of those the shortest."""
    if not ways:
        return []
    closest = max(_shared(way, pointer) for way in ways)
    near = [way for way in ways if _shared(way, pointer) == closest]
    shortest = min(map(len, near))
    return [way for way in near if len(way) == shortest]


def _question(ways: list[Pointer], pointer: Pointer) -> str:
    """Ask for the ways to where a key may belong."""
    if not ways:
        return ""
    asked = [".".join(map(str, way)) for way in ways][:_MOST_SHOWN]
    where = " at the top level" if len(ways[0]) == 1 < len(pointer) else ""
    return f"did you mean {_alternatives(asked)}{where}?"


def _shared(way: Pointer, pointer: Pointer) -> int:
    """Return how many sections two keys have in common."""
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
        return ""  # the parameters of a function are in its file
    properties = schema.root.get("properties")
    kind = properties.get("type") if isinstance(properties, dict) else None
    name = f" {kind['const']}" if isinstance(kind, dict) and "const" in kind else ""
    return f"; `arctic-gen schema{name}` has all"
