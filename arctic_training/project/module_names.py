"""The names that a module has, read from its text: nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator

__all__ = ["module_names", "named_as_file"]


def module_names(module: ast.Module) -> set[str] | None:
    """Return what a module defines, assigns or imports at its top; None if it does not tell."""
    names = set(_names(module))
    return None if "*" in names else names


def _names(block: ast.AST) -> Iterator[str]:
    """Iterate over the names that a block gives, those in a `try` or under a condition too."""
    for node in ast.iter_child_nodes(block):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                yield from (alias.asname or alias.name for alias in aliases)
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case _:
                yield from _names(node)


def named_as_file(module: str) -> str:
    """Return the module that was meant where its file is named, such as `mine.py`; else nothing."""
    return module.removesuffix(".py") if module.endswith(".py") else ""
