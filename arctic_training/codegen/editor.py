"""The copy of the definition schema that editors follow, among the files to publish."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from arctic_training.codegen.changes import FileChange, Kind, change_of
from arctic_training.definition.editor_schema import schema_copy
from arctic_training.project.locations import Project

__all__ = ["schema_changes"]


def schema_changes(definitions: Iterable[tuple[Path, str]], project: Project) -> list[FileChange]:
    """Return what becomes of the copy; ``definitions`` are paths with their texts."""
    copies: dict[Path, str] = {}
    for path, text in definitions:
        copies |= schema_copy(path, text, project)
    return [_change(path, text) for path, text in copies.items()]


def _change(path: Path, text: str) -> FileChange:
    """Return the change to the copy; a copy of any version of this package is updated."""
    change = change_of(path.name, text, None, str(path))
    is_ours = not change.is_link and _title(change.before or "") == _title(text)
    return replace(change, kind=Kind.UPDATE) if change.kind is Kind.EDITED and is_ours else change


def _title(text: str) -> object:
    """Return the title of a schema; that of what is none is the text itself."""
    try:
        return json.loads(text)["title"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return text
