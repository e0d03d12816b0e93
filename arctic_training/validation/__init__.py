"""Validation: documents checked against JSON Schema, with findings at their places."""

from __future__ import annotations

from arctic_training.validation.check import check, check_and_prune, completed, joined
from arctic_training.validation.document_kind import document_kind, of_other_kind
from arctic_training.validation.former_names import (
    former_names,
    is_former,
    rename_problems,
    with_names,
)
from arctic_training.validation.key_locations import Place, places
from arctic_training.validation.schema import Schema, with_numbers

__all__ = [
    "Place",
    "Schema",
    "check",
    "check_and_prune",
    "completed",
    "document_kind",
    "former_names",
    "is_former",
    "joined",
    "of_other_kind",
    "places",
    "rename_problems",
    "with_names",
    "with_numbers",
]
