"""The files that travel with the package: schemas and templates.

A wheel carries them inside the package; a checkout has them at its root.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Final

from arctic_training.document import Schema

__all__ = ["resource", "schema"]

_PACKAGE: Final = Path(__file__).parent


def resource(path: str) -> Path:
    """Return the path of a file or folder such as ``schemas/trainer.schema.json``."""
    packaged = _PACKAGE / path
    return packaged if packaged.exists() else _PACKAGE.parent / path


@cache
def schema(name: str) -> Schema:
    """Return a schema of ``schemas/`` by its file name."""
    return Schema(json.loads(resource(f"schemas/{name}").read_text(encoding="utf-8")))
