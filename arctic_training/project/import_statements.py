"""Import statements of a user's module, as they are written now."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from arctic_training.project.moved_names import current_import
from arctic_training.project.python_text import PythonText

__all__ = ["ImportedName", "import_statements", "imported_names", "one_by_one"]

_WIDTH: Final = 88
"""Characters of a line up to which the names of a new import are on one line."""


@dataclass(frozen=True, slots=True)
class ImportedName:
    """An imported name: the alias in the text, and what it is imported as now."""

    alias: ast.alias
    module: str
    name: str
    local: str

    @property
    def text(self) -> str:
        """The name in an import statement."""
        return self.name if self.local == self.name else f"{self.name} as {self.local}"


def imported_names(node: ast.ImportFrom, local: Mapping[str, str]) -> list[ImportedName]:
    """Return the names of an import; ``local`` are new names of what is renamed in the module."""
    names = []
    for alias in node.names:
        home, name = current_import(str(node.module), alias.name)
        names.append(
            ImportedName(alias, home, name, alias.asname or local.get(alias.name, alias.name))
        )
    return names


def import_statements(names: Iterable[ImportedName], indent: str = "") -> list[str]:
    """Return the import statements of some names, one for each home, in isort's order."""
    homes: dict[str, set[str]] = {}
    for name in names:
        homes.setdefault(name.module, set()).add(name.text)
    return [_statement(home, texts, indent) for home, texts in sorted(homes.items())]


def _statement(home: str, texts: set[str], indent: str) -> str:
    listed = sorted(texts, key=_isort_key)
    line = f"from {home} import {', '.join(listed)}"
    if len(indent) + len(line) <= _WIDTH:
        return line
    return "\n".join(
        [
            f"from {home} import (",
            *(f"{indent}    {text}," for text in listed),
            f"{indent})",
        ]
    )


def _isort_key(name: str) -> tuple[int, str]:
    word = name.partition(" ")[0]
    return (0 if word.isupper() else 1 if word[:1].isupper() else 2, name.lower())


def one_by_one(module: PythonText, node: ast.ImportFrom, names: list[ImportedName]) -> str:
    """Return a statement for each name, with the comments of its line behind it."""
    indent = " " * len(module.before(node))
    pieces: list[str] = []
    for number, line in enumerate(module.text(node).splitlines(), node.lineno):
        _, mark, comment = line.partition("#")
        imports = "; ".join(
            import_statements(name for name in names if name.alias.lineno == number)
        )
        if imports or mark:
            pieces.append("  ".join(part for part in (imports, mark + comment) if part))
    return f"\n{indent}".join(pieces)
