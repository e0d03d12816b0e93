"""Changes of a document, each with one meaning for its tree and for the text that it is read from.

Reading an old document changes its tree, migrating it changes its text. What an edit does not
name keeps its bytes: comments, order, quotes and line ends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from arctic_training.diagnostics import Span
from arctic_training.document.node import (
    Entry,
    ListNode,
    MapNode,
    Node,
    Pointer,
    ScalarNode,
    children,
    key_span,
)

__all__ = ["Edit", "Put", "Rename", "edited", "renamed", "rewritten"]

_PROPERTIES: Final = re.compile(r"(?:[&!]\S*\s+)*")
"""An anchor and a tag before a key, which belong to it."""

_LINE_END: Final = re.compile("\r\n|[\n\r]")


_Piece: TypeAlias = tuple[int, int, str]
"""A stretch of the source, and its replacement."""


@dataclass(frozen=True, slots=True)
class Rename:
    """The entry at ``pointer`` has the key ``key`` from now on."""

    pointer: Pointer
    key: str


@dataclass(frozen=True, slots=True)
class Put:
    """The document has this value under this key; a key that is new comes first."""

    key: str
    value: int


Edit: TypeAlias = Rename | Put


def edited(document: MapNode, edits: Iterable[Edit]) -> MapNode:
    """Return the tree after some edits; an entry that is new has the place of the document."""
    renames: list[Rename] = []
    put: dict[str, Entry] = {}
    for edit in edits:
        match edit:
            case Rename():
                renames.append(edit)
            case Put(key, value):
                span = key_span(document, (key,))
                put[key] = Entry(span, ScalarNode(value, span))
    made = renamed(document, renames)
    assert isinstance(made, MapNode)
    new = {key: entry for key, entry in put.items() if key not in made.entries}
    return MapNode(new | made.entries | put, made.span) if put else made


def renamed(node: Node, renames: list[Rename]) -> Node:
    """Return a tree with other keys; a key that exists already keeps its value."""
    names = {rename.pointer: rename.key for rename in renames}
    return _renamed(node, names, ()) if names else node


def rewritten(document: MapNode, edits: Iterable[Edit]) -> str:
    """Return the text of a document after some edits, at most one of them at each place."""
    source = document.span.source
    pieces = {_piece(document, edit) for edit in edits}
    text, end = "", 0
    for start, stop, piece in sorted(pieces):
        text += source.text[end:start] + piece
        end = stop
    return text + source.text[end:]


def _renamed(node: Node, renames: Mapping[Pointer, str], pointer: Pointer) -> Node:
    below = {step: _renamed(child, renames, (*pointer, step)) for step, child in children(node)}
    match node:
        case ScalarNode():
            return node
        case ListNode():
            return ListNode(tuple(below.values()), node.span)
        case MapNode(entries=entries):
            names = {key: renames.get((*pointer, key), key) for key in entries}
            made = {
                names[key]: Entry(entry.key, below[key])
                for key, entry in entries.items()
                if names[key] == key or names[key] not in entries
            }
            return MapNode(made, node.span)


def _piece(document: MapNode, edit: Edit) -> _Piece:
    match edit:
        case Rename(pointer, key):
            return _new_key(key_span(document, pointer), key)
        case Put(key, value) if key in document.entries:
            stretch = document.entries[key].value.span.stretch
            return stretch.start, stretch.stop, json.dumps(value)
        case Put(key, value):
            return _first_entry(document, key, json.dumps(value))


def _new_key(span: Span, key: str) -> _Piece:
    properties = _PROPERTIES.match(span.text)
    assert properties, "no properties match as well"
    start = span.stretch.start + properties.end()
    quote = _quote(span.source.text[start])
    return start, span.stretch.stop, f"{quote}{key}{quote}"


def _first_entry(document: MapNode, key: str, value: str) -> _Piece:
    """Return a new entry in front of the first, written as that is."""
    first = next(iter(document.entries.values())).key
    text, at = first.source.text, first.stretch.start
    quote = _quote(text[at])
    opening = document.span.stretch.start
    is_flow = text[opening : opening + 1] == "{"
    comma = "," if is_flow else ""
    has_own_line = not is_flow or "\n" in text[opening:at]
    gap = _line_end(text) + " " * (first.column - 1) if has_own_line else " "
    return at, at, f"{quote}{key}{quote}: {value}{comma}{gap}"


def _quote(character: str) -> str:
    """Return the quote at the start of the source text, or an empty string."""
    return character if character in {'"', "'"} else ""


def _line_end(text: str) -> str:
    """Return the line ending of the source text."""
    found = _LINE_END.search(text)
    return found.group() if found else "\n"
