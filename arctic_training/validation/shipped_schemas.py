"""JSON Schemas that ship with the package."""

from __future__ import annotations

import json
from functools import cache

from arctic_training.project.resources import resource
from arctic_training.validation.schema import Schema

__all__ = ["schema"]


@cache
def schema(name: str) -> Schema:
    """Return a schema of ``schemas/`` by its file name."""
    return Schema(json.loads(resource(f"schemas/{name}").read_text(encoding="utf-8")))
