"""JSON text to a tree of nodes.

YAML 1.2 was made to contain JSON, but its parsers do not: they refuse escaped surrogate pairs and
keys of more than 1,024 characters, and fold strings at U+2028. So what is JSON is read as JSON.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final

from arctic_training.diagnostics import Diagnostic, Source, Span
from arctic_training.document.node import Entry, ListNode, MapNode, Node, ScalarNode
from arctic_training.document.refused import MOST_DEPTH, RefusedError, duplicate_key, too_deep
from arctic_training.document.scalars import plain_scalar

__all__ = ["JSONReader", "NotJSONError", "may_be_json"]

_BLANK: Final = re.compile(r"[ \t\n\r]*")
_ESCAPE: Final = r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})'
_STRING: Final = re.compile(rf'"(?:[^"\\\x00-\x1f]|{_ESCAPE})*+"')
_OTHER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null", re.ASCII)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_HALF: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
"""Escapes one after the other, so that neither a whole pair nor `\\\\ud800` is read as a half."""


class NotJSONError(Exception):
    """The text is not JSON; it may be YAML."""


def may_be_json(source: Source) -> bool:
    """Return whether the text begins like JSON; YAML may begin like it, too."""
    return source.text.lstrip()[:1] in {"{", "[", '"'}


@dataclass
class JSONReader:
    """Reads one text; ``problems`` holds what is wrong but leaves a tree."""

    source: Source
    problems: list[Diagnostic] = field(default_factory=list)
    at: int = 0

    def document(self) -> Node:
        """Return the tree.

        Raises:
            NotJSONError: the text is not JSON by RFC 8259.
            RefusedError: it is JSON, and breaks a limit or holds half of a surrogate pair.

        """
        root = self._value(1)
        self._blank()
        if self.at < len(self.source.text):
            raise NotJSONError
        return root

    def _value(self, depth: int) -> Node:
        self._blank()
        start = self.at
        if depth > MOST_DEPTH:
            self.at += 1
            raise too_deep(self._span(start))
        match self.source.text[start : start + 1]:
            case "{":
                return self._mapping(depth)
            case "[":
                return self._sequence(depth)
            case '"':
                text = self._string()
                return ScalarNode(text, self._span(start))
            case _:
                return self._scalar()

    def _mapping(self, depth: int) -> MapNode:
        start, entries = self.at, dict[str, Entry]()
        self.at += 1
        while not self._closes("}", is_first=not entries):
            self._blank()
            begin = self.at
            key, place = self._string(), self._span(begin)
            self._expect(":")
            value = self._value(depth + 1)
            if key in entries:
                self.problems.append(duplicate_key(key, place, entries[key].key))
            else:
                entries[key] = Entry(place, value)
        return MapNode(entries, self._span(start))

    def _sequence(self, depth: int) -> ListNode:
        start, items = self.at, list[Node]()
        self.at += 1
        while not self._closes("]", is_first=not items):
            items.append(self._value(depth + 1))
        return ListNode(tuple(items), self._span(start))

    def _closes(self, bracket: str, *, is_first: bool) -> bool:
        """Step over a closing bracket, or over the comma before the next value."""
        self._blank()
        if self.source.text.startswith(bracket, self.at):
            self.at += 1
            return True
        if not is_first:
            self._expect(",")
        return False

    def _string(self) -> str:
        found = _STRING.match(self.source.text, self.at)
        if not found:
            raise NotJSONError
        start, self.at = self.at, found.end()
        text = json.loads(found.group())
        assert isinstance(text, str)
        if _SURROGATE.search(text):
            raise self._half_pair(start, found.group())
        return text

    def _half_pair(self, start: int, token: str) -> RefusedError:
        """Return the refusal of a string that no UTF-8 text can hold."""
        halves = (found.span() for found in _HALF.finditer(token) if found["half"])
        first, last = next(halves, (0, len(token)))
        at, self.at = start + first, start + last
        return RefusedError(
            f"`{self.source.text[at : self.at]}` is half of a surrogate pair: not a character",
            self._span(at),
            hint="write the character itself, or both halves of its pair",
        )

    def _scalar(self) -> ScalarNode:
        found = _OTHER.match(self.source.text, self.at)
        if not found:
            raise NotJSONError
        start, self.at = self.at, found.end()
        span = self._span(start)
        try:
            return ScalarNode(plain_scalar(found.group()), span)
        except ValueError as error:
            self.problems.append(Diagnostic(code="wrong-type", message=str(error), span=span))
            return ScalarNode(0, span)

    def _expect(self, mark: str) -> None:
        self._blank()
        if not self.source.text.startswith(mark, self.at):
            raise NotJSONError
        self.at += 1

    def _blank(self) -> None:
        found = _BLANK.match(self.source.text, self.at)
        assert found, "nothing matches as well"
        self.at = found.end()

    def _span(self, start: int) -> Span:
        """Return the place from ``start`` to here; of several lines, no more than the first."""
        line, column = self._place(start)
        end_line, end_column = self._place(self.at)
        if end_line > line:
            return Span(self.source, line, column, line, len(self.source.lines[line - 1]) + 1)
        return Span(self.source, line, column, end_line, end_column)

    def _place(self, position: int) -> tuple[int, int]:
        starts = self.source.starts
        line = bisect_right(starts, position)
        return line, position - starts[line - 1] + 1
