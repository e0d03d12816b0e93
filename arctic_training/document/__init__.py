"""Documents of the user's: parsed with places, checked against a JSON Schema."""

from __future__ import annotations

from arctic_training.document.comments import comments
from arctic_training.document.edits import Edit, Put, Rename, edited, rewritten
from arctic_training.document.kinds import document_kind, of_other_kind
from arctic_training.document.load import UnreadableError, load, shown_path
from arctic_training.document.names import former_names, is_former, rename_problems, with_names
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
from arctic_training.document.places import Place, places
from arctic_training.document.problems import check, completed, joined
from arctic_training.document.schema import Schema, with_numbers
from arctic_training.document.value_names import as_written, in_words, shown

__all__ = [
    "JSON",
    "Edit",
    "Entry",
    "ListNode",
    "MapNode",
    "Node",
    "Place",
    "Pointer",
    "Put",
    "Rename",
    "ScalarNode",
    "Schema",
    "UnreadableError",
    "as_written",
    "check",
    "children",
    "comments",
    "completed",
    "document_kind",
    "edited",
    "find",
    "former_names",
    "in_words",
    "is_former",
    "joined",
    "key_span",
    "load",
    "of_other_kind",
    "parse",
    "places",
    "plain",
    "present",
    "rename_problems",
    "rewritten",
    "shown",
    "shown_path",
    "value_span",
    "with_names",
    "with_numbers",
]
