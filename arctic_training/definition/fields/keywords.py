"""One schema of a config field, keyword by keyword, each with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from arctic_training.diagnostics import Span
from arctic_training.document import JSON, Entry, ListNode, MapNode, Node, plain

__all__ = [
    "LIMITS",
    "LISTED",
    "NUMERIC",
    "TEXTUAL",
    "WHOLE",
    "Keywords",
    "described",
    "entries_of",
    "items_of",
]

NUMERIC: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
TEXTUAL: Final = ("minLength", "maxLength", "pattern")
LISTED: Final = ("minItems", "maxItems")

LIMITS: Final[Mapping[str, tuple[str, ...]]] = {
    "boolean": (),
    "integer": NUMERIC,
    "number": NUMERIC[:-1],
    "string": TEXTUAL,
}
"""Keywords that narrow each scalar type; a multiple of a `number` would depend on rounding."""

WHOLE: Final = ("$ref", "anyOf", "oneOf")
"""Keywords that say all that a value is."""


def entries_of(node: Node | None) -> Mapping[str, Entry]:
    """Return the entries of a mapping; nothing else has any."""
    return node.entries if isinstance(node, MapNode) else {}


def items_of(node: Node | None) -> tuple[Node, ...]:
    """Return the items of a list; nothing else has any."""
    return node.items if isinstance(node, ListNode) else ()


def described(text: JSON, otherwise: str = "") -> str:
    """Return a description as every reader of a docstring gets it: without indentation.

    ``inspect.cleandoc`` knows other spaces in Python 3.13 than in 3.12. What is returned here, it
    leaves alone in both.
    """
    given = str(otherwise if text is None else text).expandtabs()
    if "\n" not in given:
        return given.strip()
    first, *others = (line.rstrip() for line in given.split("\n"))
    margin = min((len(line) - len(line.lstrip()) for line in others if line), default=0)
    return "\n".join([first, *(line[margin:] for line in others)]).strip()


@dataclass(slots=True)
class Keywords:
    """The keywords of a schema. One whose value was refused is null, and is known to be there."""

    node: MapNode
    kind: str = field(init=False)
    """The type that it names, beside null; empty where it names none."""

    def __post_init__(self) -> None:
        """Read the type, which nearly all else depends on."""
        kind = self.value("type")
        named = kind if isinstance(kind, list) else [kind]
        self.kind = next((str(each) for each in named if each not in {None, "null"}), "")

    def __contains__(self, keyword: str) -> bool:
        """Return whether the schema has a keyword."""
        return keyword in self.node.entries

    @property
    def names(self) -> tuple[str, ...]:
        """All keywords, in order."""
        return tuple(self.node.entries)

    @property
    def is_nullable(self) -> bool:
        """Whether the type is a list with null."""
        return isinstance(self.value("type"), list)

    def get(self, keyword: str) -> Node | None:
        """Return the value of a keyword where it is written."""
        entry = self.node.entries.get(keyword)
        return entry.value if entry else None

    def value(self, keyword: str) -> JSON:
        """Return the value of a keyword; null if there is none."""
        node = self.get(keyword)
        return plain(node) if node else None

    def key(self, keyword: str) -> Span:
        """Return the place of a keyword, or else of the schema."""
        entry = self.node.entries.get(keyword)
        return entry.key if entry else self.node.span

    def span(self, keyword: str) -> Span:
        """Return the place of the value of a keyword, or else of the schema."""
        node = self.get(keyword)
        return node.span if node else self.node.span
