"""What tells an editor how to help with a definition.

A definition names the schema by a path that holds on every machine: in a checkout of this package
that of the schema itself, elsewhere that of a copy in the generated source root, which follows the
schema for as long as a definition names it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from arctic_training.project.locations import Project
from arctic_training.project.resources import resource

__all__ = ["is_schema_there", "named_schema", "schema_copy", "schema_place"]

_NAME: Final = "trainer.schema.json"
_NAMED: Final = re.compile(r"^#\s*yaml-language-server:\s*\$schema=(\S+)", re.MULTILINE)


def schema_place(definition: Path, project: Project) -> str:
    """Return where an editor finds the schema, from the folder of a definition."""
    schema = resource(f"schemas/{_NAME}").resolve()
    found = schema if schema.is_relative_to(project.root) else project.generated / _NAME
    return Path(os.path.relpath(found, definition.resolve().parent)).as_posix()


def schema_copy(definition: Path, text: str, project: Project) -> dict[Path, str]:
    """Return the copy of the schema by its path, if the text of a definition names it."""
    copy = project.generated / _NAME
    if all(_found(definition, place) != copy for place in _NAMED.findall(text)):
        return {}
    return {copy: resource(f"schemas/{_NAME}").read_text("utf-8")}


def named_schema(text: str) -> tuple[int, int] | None:
    """Return where a document names a schema, as its first character and the one after it."""
    named = _NAMED.search(text)
    return named.span(1) if named else None


def is_schema_there(definition: Path, place: str, project: Project) -> bool:
    """Return whether an editor finds what a definition names, now or when it was generated."""
    if "://" in place:
        return True
    found = _found(definition, place)
    is_there = os.path.isfile(found)  # noqa: PTH113 - a name may be too long for a file
    return is_there or found == project.generated / _NAME


def _found(definition: Path, place: str) -> Path:
    return Path(os.path.normpath(definition.resolve().parent / place))
