"""Where another definition has the name of a trainer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from arctic_training.diagnostics import Span
from arctic_training.document import ScalarNode, UnreadableError, find, key_span, load
from arctic_training.project.locations import package_name
from arctic_training.validation import document_kind

__all__ = ["may_be_named", "place_of_name"]

_MOST_BYTES: Final = 1 << 16
"""How much of a file is read: a name is near the top, and many files of a folder are data."""

_NAME: Final = re.compile(rb"\bname\b[\"']?\s*:([^\n#]*)")
_WORD: Final = re.compile(rb"[a-z][a-z0-9_-]*")


def place_of_name(path: Path, package: str) -> Span | None:
    """Return where a file says its name, if it is a definition that makes a package."""
    try:
        document, _ = load(path)
    except UnreadableError:
        return None
    if document is None or document_kind(document, is_named=False) != "definition":
        return None
    name = find(document, ("name",))
    is_same = isinstance(name, ScalarNode) and package_name(str(name.value)) == package
    return key_span(document, ("name",)) if is_same else None


def may_be_named(path: Path, packages: set[str]) -> set[str]:
    """Return the packages whose name a file may define: most files are not parsed."""
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES)
    except OSError:
        return set()
    words = {word for value in _NAME.findall(text) for word in _WORD.findall(value)}
    return packages & {package_name(word.decode()) for word in words}
