"""YAML and JSON documents: trees in which every node has a span."""

from __future__ import annotations

from arctic_training.document.comments import comments
from arctic_training.document.edits import Edit, Put, Rename, edited, rewritten
from arctic_training.document.load import UnreadableError, load, shown_path
from arctic_training.document.node import (
    JSON,
    Entry,
    ListNode,
    MapNode,
    Node,
    Pointer,
    ScalarNode,
    children,
    find,
    key_span,
    plain,
    present,
    value_span,
)
from arctic_training.document.parse import parse
from arctic_training.document.value_names import as_written, in_words, shown

__all__ = [
    "JSON",
    "Edit",
    "Entry",
    "ListNode",
    "MapNode",
    "Node",
    "Pointer",
    "Put",
    "Rename",
    "ScalarNode",
    "UnreadableError",
    "as_written",
    "children",
    "comments",
    "edited",
    "find",
    "in_words",
    "key_span",
    "load",
    "parse",
    "plain",
    "present",
    "rewritten",
    "shown",
    "shown_path",
    "value_span",
]
