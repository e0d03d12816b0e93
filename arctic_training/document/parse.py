"""YAML or JSON text to a tree of nodes.

The tree is built from the parser's events, so that the limits hold before anything deep or large
exists: a document is text from anybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import yaml

from arctic_training.diagnostics import Diagnostic, Source, Span
from arctic_training.document.json_reader import JSONReader, NotJSONError, may_be_json
from arctic_training.document.node import Entry, ListNode, MapNode, Node, ScalarNode
from arctic_training.document.refused import (
    MOST_CHARACTERS,
    MOST_DEPTH,
    RefusedError,
    duplicate_key,
    too_deep,
)
from arctic_training.document.scalars import plain_scalar
from arctic_training.document.yaml_errors import LOADER, inside, no_character, syntax_error

__all__ = ["parse"]

_MOST_COPIES: Final = 10_000
_TAG: Final = "tag:yaml.org,2002:"
_CORE_TAGS: Final = {"!", "bool", "float", "int", "map", "null", "seq", "str"}


def parse(source: Source) -> tuple[Node | None, list[Diagnostic]]:
    """Parse YAML or JSON; without a tree, the list holds at least one error.

    JSON is read as JSON, whatever the file is called; anything else as YAML 1.2: core scalars, one
    document, strings as keys. Refused: duplicate keys, tags other than the core ones, merge keys,
    infinite numbers, more than 1 MiB, more than 64 levels, aliases that stand for themselves or for
    more than 10,000 values in total.
    """
    if len(source.text) > MOST_CHARACTERS:
        return None, [RefusedError("the file is larger than 1 MiB", source.start()).diagnostic]
    reader: JSONReader | _Reader = JSONReader(source)
    try:
        if may_be_json(source):
            with suppress(NotJSONError):
                return reader.document(), reader.problems
        reader = _Reader(source)
        return reader.document(), reader.problems
    except RefusedError as refused:
        return None, [*reader.problems, refused.diagnostic]
    except yaml.YAMLError as error:
        return None, [*reader.problems, syntax_error(source, error)]
    except UnicodeEncodeError as error:  # half a surrogate pair, from the command line
        return None, [*reader.problems, no_character(source, error.start)]


@dataclass
class _Reader:
    source: Source
    problems: list[Diagnostic] = field(default_factory=list)
    anchors: dict[str, tuple[Node, int]] = field(default_factory=dict)
    open_anchors: set[str] = field(default_factory=set)
    nodes: int = 0
    copies: int = 0

    def document(self) -> Node:
        events = yaml.parse(self.source.text, Loader=LOADER)
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                if root is not None:
                    raise RefusedError(
                        "a second document begins here: a file holds one",
                        self.span(event),
                        hint="remove the `---` above it, or split the file",
                    )
                root = self.node(event, events, 1)
        return root or ScalarNode(None, self.source.start())

    def node(self, event: yaml.NodeEvent, events: Iterator[yaml.Event], depth: int) -> Node:
        if depth > MOST_DEPTH:
            raise too_deep(self.span(event))
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        self.refuse_tag(event)
        before, anchor = self.nodes, event.anchor
        self.nodes += 1
        if anchor:
            self.open_anchors.add(anchor)
        node = self.content(event, events, depth)
        if anchor:
            self.open_anchors.discard(anchor)
            self.anchors[anchor] = (node, self.nodes - before)
        return node

    def content(self, event: yaml.NodeEvent, events: Iterator[yaml.Event], depth: int) -> Node:
        match event:
            case yaml.MappingStartEvent():
                return self.mapping(event, events, depth)
            case yaml.SequenceStartEvent():
                return self.sequence(event, events, depth)
            case yaml.ScalarEvent():
                return self.scalar(event)
            case _:
                raise AssertionError("an alias has no content of its own")

    def alias(self, event: yaml.AliasEvent) -> Node:
        anchor = str(event.anchor)
        if anchor in self.open_anchors:
            raise RefusedError(f"alias `*{anchor}` inside its own value", self.span(event))
        if anchor not in self.anchors:
            hint = f"quote it if it is a string: `'*{anchor}'`"
            raise RefusedError(f"undefined alias `*{anchor}`", self.span(event), hint=hint)
        node, size = self.anchors[anchor]
        self.nodes += size
        self.copies += size
        if self.copies > _MOST_COPIES:
            message = f"the aliases stand for more than {_MOST_COPIES} values"
            raise RefusedError(message, self.span(event))
        return node

    def scalar(self, event: yaml.ScalarEvent) -> ScalarNode:
        span = self.span(event)
        if event.tag in {_TAG + "str", "!"} or (event.style and not event.tag):
            return ScalarNode(event.value, span)
        try:
            return ScalarNode(plain_scalar(event.value), span)
        except ValueError as error:
            self.problems.append(Diagnostic(code="wrong-type", message=str(error), span=span))
            return ScalarNode(0, span)

    def sequence(
        self, start: yaml.SequenceStartEvent, events: Iterator[yaml.Event], depth: int
    ) -> ListNode:
        items: list[Node] = []
        for event in events:
            if not isinstance(event, yaml.NodeEvent):
                return ListNode(tuple(items), self.span(start, event))
            items.append(self.node(event, events, depth + 1))
        raise AssertionError("the parser ends every sequence")

    def mapping(
        self, start: yaml.MappingStartEvent, events: Iterator[yaml.Event], depth: int
    ) -> MapNode:
        entries: dict[str, Entry] = {}
        for event in events:
            if not isinstance(event, yaml.NodeEvent):
                return MapNode(entries, self.span(start, event))
            key = self.key(event)
            place = self.span(event)
            value = self.value(events, depth)
            if key in entries:
                self.problems.append(duplicate_key(key, place, entries[key].key))
            else:
                entries[key] = Entry(place, value)
        raise AssertionError("the parser ends every mapping")

    def value(self, events: Iterator[yaml.Event], depth: int) -> Node:
        event = next(events)
        assert isinstance(event, yaml.NodeEvent), "the parser gives every key a value"
        return self.node(event, events, depth + 1)

    def key(self, event: yaml.NodeEvent) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise RefusedError("a key must be a string", self.span(event))
        self.refuse_tag(event)
        if event.value == "<<" and not event.style:
            message = "merge keys (`<<`) are not part of YAML 1.2; write the keys out"
            raise RefusedError(message, self.span(event), "not-supported")
        return str(event.value)

    def refuse_tag(self, event: yaml.Event) -> None:
        tag = getattr(event, "tag", None)
        if tag and tag.removeprefix(_TAG) not in _CORE_TAGS:
            hint = "remove it, or quote the value if it is a string"
            raise RefusedError(f"unknown tag `{tag}`", self.span(event), hint=hint)

    def span(self, first: yaml.Event, last: yaml.Event | None = None) -> Span:
        """Return the place of an event; of a block collection, no more than its first line."""
        start, end = first.start_mark, (last or first).end_mark
        assert start is not None, "the parser marks every event"
        assert end is not None, "the parser marks every event"
        line, column = start.line + 1, start.column + 1
        if line > len(self.source.lines):
            return inside(Span(self.source, line, column, line, column))
        if end.line > start.line and not getattr(first, "style", None):
            ending = len(self.source.lines[start.line]) + 1
            return Span(self.source, line, column, line, max(ending, column))
        return Span(self.source, line, column, end.line + 1, end.column + 1)
