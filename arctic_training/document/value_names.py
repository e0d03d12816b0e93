"""Values and their types, formatted for messages."""

from __future__ import annotations

from typing import Final

from arctic_training.document.node import ListNode, MapNode, Node, ScalarNode
from arctic_training.document.numbers import human_number
from arctic_training.document.scalars import plain_scalar

__all__ = ["as_written", "in_words", "shown"]

_KINDS: Final[dict[str, str]] = {
    "array": "list",
    "boolean": "boolean",
    "integer": "integer",
    "null": "null",
    "number": "number",
    "object": "mapping",
    "string": "string",
}
_LONGEST: Final = 60


def in_words(types: list[str]) -> str:
    """Return types of values, as schemas name them, as a reader of the document knows them."""
    *others, last = [_KINDS[name] for name in sorted(types, key=lambda name: name == "null")]
    return f"{', '.join(others)} or {last}" if others else last


def shown(value: object) -> str:
    """Return a value as a reader of the document knows it, cut to a readable length."""
    match value:
        case None:
            return "null"
        case bool():
            return f"`{str(value).lower()}`"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            text = str(value)
            return f"`{text[:_LONGEST]}...`" if len(text) > _LONGEST else f"`{text}`"


def as_written(node: Node | None, value: object) -> str:
    """Return a value as its writer wrote it: `50%` and `007`, not `0.5` and `7`.

    ``value`` is what it was read as; without a node, or where the text is not all of it, that is
    shown.
    """
    match node:
        case ScalarNode(value=bool() | int() | float(), span=span):
            text = span.text
            return shown(text if value in _readings(text) else value)
        case MapNode() | ListNode() | ScalarNode() | None:
            return shown(value)


def _readings(text: str) -> list[object]:
    """Return the values that a scalar may be read as."""
    if "\n" in text:
        return []
    try:
        return [plain_scalar(text), human_number(text.strip("'\""))]
    except ValueError:
        return []
