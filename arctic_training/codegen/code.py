"""Text that is valid in generated code unchanged, and the way other text gets into it.

A definition is text from anybody. It reaches the output as a literal, as a docstring, or as a
name that the schema has admitted; templates refuse everything that is not ``Code``.
"""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup

from arctic_training.config.slots import ImportPath
from arctic_training.diagnostics.invisible import UNSEEN
from arctic_training.public_names import PUBLIC_NAMES

__all__ = ["Code", "Imports", "docstring", "literal", "printable", "with_deprecation"]


_ESCAPE: Final = re.compile(r"\\(?:x(..)|u(.{4})|U(.{8})|.)")
"""An escape of a literal; those that stand for a character by its number have the number."""


class Code(Markup):
    """Text that is valid in generated code unchanged."""

    __slots__ = ()


def literal(value: object) -> Code:
    """Return a Python literal in which visible characters are unchanged."""
    return Code(_ESCAPE.sub(_seen, ascii(value)))


def _seen(escape: re.Match[str]) -> str:
    character = chr(int(escape[escape.lastindex], 16)) if escape.lastindex else ""
    return escape[0] if not character or UNSEEN.match(character) else character


def docstring(text: str) -> Code:
    """Return the inside of a docstring in triple quotes; evaluated, it is the text."""
    escaped = text.strip().replace("\\", "\\\\")
    closed = re.sub(r'""+|"\Z', lambda quotes: '\\"' * len(quotes[0]), escaped)
    return Code("\n".join(map(printable, closed.split("\n"))))


def with_deprecation(description: str, deprecated: str) -> str:
    """Return a description that says, of what is deprecated, what to do without it."""
    return f"{description}\n\nDeprecated: {deprecated}".strip() if deprecated else description


def printable(text: str) -> str:
    """Return text on one line, with escapes for what is not seen: controls, marks of direction.

    The escapes mean the same in Python and in a double-quoted YAML string.
    """
    return UNSEEN.sub(lambda unseen: ascii(unseen[0])[1:-1], text)


class Imports:
    """Collects what a generated file imports, and writes it in the order that isort likes."""

    def __init__(self) -> None:
        self._names: dict[str, set[str]] = {}

    def use(self, path: ImportPath) -> Code:
        """Import a name, from the public API if that has it; return it."""
        is_public = PUBLIC_NAMES.get(path.name) == path.module
        module = "arctic_training" if is_public else path.module
        self._names.setdefault(module, set()).add(path.name)
        return Code(path.name)

    def groups(self) -> list[list[Code]]:
        """Return the import lines: the standard library, other packages, then ours and theirs."""
        groups: list[list[Code]] = [[], [], []]
        for module in sorted(self._names):
            names = ", ".join(sorted(self._names[module], key=_isort_key))
            groups[_group(module)].append(Code(f"from {module} import {names}"))
        return [group for group in groups if group]


def _group(module: str) -> int:
    top = module.partition(".")[0]
    if top in {"collections", "pathlib", "typing"}:
        return 0
    return 1 if top in {"pydantic", "torch", "typing_extensions"} else 2


def _isort_key(name: str) -> tuple[int, str, str]:
    """Order names as ruff does: constants, classes, then the rest, each regardless of case."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return (kind, name.lower(), name)
