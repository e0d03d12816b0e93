"""The user's modules as text: what their names stand for, without importing anything."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final, TypeAlias

from arctic_training.config.slots import ImportPath
from arctic_training.definition.definition import Definition
from arctic_training.definition.importable import import_roots
from arctic_training.diagnostics import Source, Span
from arctic_training.document import shown_path
from arctic_training.project.locations import NAMESPACE, Project, module_file

__all__ = ["Class", "Function", "FunctionDefinition", "Library", "Module", "dotted"]

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_MOST_STEPS: Final = 20
"""How often a name is looked up in the module that another one imports it from."""


@dataclass(frozen=True, eq=False)
class Module:
    """A parsed module."""

    name: str
    path: Path
    source: Source
    tree: ast.Module

    @cached_property
    def definitions(self) -> dict[str, Function | ast.ClassDef]:
        """The functions and classes at its top, also those under a condition."""
        return {node.name: node for node in _top(self.tree) if isinstance(node, _DEFINITIONS)}

    @cached_property
    def imports(self) -> dict[str, ImportPath]:
        """What it imports anywhere, by the name that it gives it; a module has no name in it."""
        found: dict[str, ImportPath] = {}
        for node in ast.walk(self.tree):
            match node:
                case ast.Import(names=names):
                    for alias in names:
                        whole = alias.name if alias.asname else alias.name.partition(".")[0]
                        found[alias.asname or whole] = ImportPath(whole, "")
                case ast.ImportFrom(names=names):
                    home = self._imported(node)
                    found |= {a.asname or a.name: ImportPath(home, a.name) for a in names}
                case _:
                    pass
        return found

    def home(self, name: Sequence[str]) -> str:
        """Return the module that a dotted name is imported from, or an empty string."""
        path = self.imports.get(name[0]) if name else None
        return path.module if path else ""

    def _imported(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        is_package = self.path.name == "__init__.py"
        steps = self.name.split(".")
        package = steps[: len(steps) - node.level + is_package]
        return ".".join([*package, *([node.module] if node.module else [])])

    def span(self, node: ast.expr | ast.stmt) -> Span:
        """Return the place of a node; of one over several lines, that of its first."""
        line = self.source.lines[node.lineno - 1]
        start = _characters(line, node.col_offset)
        is_one_line = node.end_lineno == node.lineno
        end = _characters(line, node.end_col_offset or 0) if is_one_line else len(line)
        return Span(self.source, node.lineno, start + 1, node.lineno, end + 1)


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """A function, and the module that says what the names in it stand for."""

    module: Module
    node: Function

    @property
    def is_property(self) -> bool:
        """Whether it is a method that is read like an attribute."""
        decorators = {dotted(each)[-1:] for each in self.node.decorator_list}
        return not decorators.isdisjoint({("property",), ("cached_property",)})


@dataclass(frozen=True, slots=True)
class Class:
    """A class, and the module that says what the names in it stand for."""

    module: Module
    node: ast.ClassDef


@dataclass
class Library:
    """The modules that can be followed: those of the project, of this package, and of the loss."""

    spec: Definition
    project: Project
    modules: dict[str, Module | None] = field(default_factory=dict)

    def module(self, name: str) -> Module | None:
        """Return a module by its dotted name, or None where its text is not to be followed."""
        if name not in self.modules:
            self.modules[name] = self._parsed(name)
        return self.modules[name]

    def find(self, path: ImportPath) -> FunctionDefinition | Class | None:
        """Return what a name in a module stands for, through the modules that import it."""
        return self._below(path.module, (path.name,), _MOST_STEPS)

    def meant(self, module: Module, name: Sequence[str]) -> FunctionDefinition | Class | None:
        """Return what a dotted name stands for in a module."""
        return self._meant(module, tuple(name), _MOST_STEPS)

    def _meant(
        self, module: Module, name: tuple[str, ...], steps: int
    ) -> FunctionDefinition | Class | None:
        if not name:
            return None
        first, rest = name[0], name[1:]
        if (node := module.definitions.get(first)) is not None:
            if rest:
                return None
            if isinstance(node, ast.ClassDef):
                return Class(module, node)
            return FunctionDefinition(module, node)
        if (path := module.imports.get(first)) is None:
            return None
        return self._below(path.module, (path.name, *rest) if path.name else rest, steps)

    def _below(
        self, home: str, name: tuple[str, ...], steps: int
    ) -> FunctionDefinition | Class | None:
        if not name or not steps:
            return None
        module = self.module(home)
        if module and (name[0] in module.definitions or name[0] in module.imports):
            return self._meant(module, name, steps - 1)
        return self._below(f"{home}.{name[0]}", name[1:], steps - 1)

    def _parsed(self, name: str) -> Module | None:
        file = module_file(name, import_roots(self.project))
        if file is None or file.suffix != ".py" or not self._is_followed(name, file):
            return None
        try:
            text = file.read_bytes()
            tree = ast.parse(text)
        except (OSError, SyntaxError, ValueError):
            return None
        decoded = text.decode("utf-8-sig", errors="replace")
        return Module(name, file, Source(shown_path(file), decoded), tree)

    def _is_followed(self, name: str, file: Path) -> bool:
        top = name.partition(".")[0]
        if top == NAMESPACE:
            return False
        named = (each.path for each in self.spec.hand_written)
        if top in {"arctic_training", *(path.module.partition(".")[0] for path in named)}:
            return True
        installed = "site-packages" in file.parts or top in sys.stdlib_module_names
        return file.is_relative_to(self.project.root) and not installed


def dotted(node: ast.expr) -> tuple[str, ...]:
    """Return the steps of a dotted name, or nothing for another expression."""
    match node:
        case ast.Name(id=name):
            return (name,)
        case ast.Attribute(value=inner, attr=name):
            steps = dotted(inner)
            return (*steps, name) if steps else ()
        case _:
            return ()


def _top(tree: ast.Module | ast.If | ast.Try) -> Iterator[ast.stmt]:
    for node in tree.body:
        if isinstance(node, ast.If | ast.Try):
            yield from _top(node)
        yield node
    for node in getattr(tree, "orelse", ()):
        yield from _top(node) if isinstance(node, ast.If) else (node,)


def _characters(line: str, offset: int) -> int:
    """Return how many characters the first bytes of a line are."""
    return len(line.encode()[:offset].decode(errors="replace"))
