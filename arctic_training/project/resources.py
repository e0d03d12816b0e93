"""Files that ship with the package: schemas and templates.

A wheel carries them inside the package; a checkout has them at its root.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["resource"]

_PACKAGE: Final = Path(__file__).parent.parent


def resource(path: str) -> Path:
    """Return the path of a file or folder such as ``schemas/trainer.schema.json``."""
    packaged = _PACKAGE / path
    return packaged if packaged.exists() else _PACKAGE.parent / path
