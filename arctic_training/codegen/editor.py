"""What tells an editor how to help with a definition."""

from __future__ import annotations

import os
from pathlib import Path

from arctic_training.project import Project
from arctic_training.resources import resource

__all__ = ["schema_place"]


def schema_place(definition: Path, project: Project) -> str:
    """Return where an editor finds the schema: relative, where both are in one project."""
    schema = resource("schemas/trainer.schema.json").resolve()
    inside = schema.is_relative_to(project.root)
    return os.path.relpath(schema, definition.resolve().parent) if inside else schema.as_posix()
