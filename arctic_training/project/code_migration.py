"""Rewrite what a user's module imports from arctic_training to where it is now."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from arctic_training.diagnostics import Diagnostic, Severity, Source
from arctic_training.project.import_statements import (
    ImportedName,
    import_statements,
    imported_names,
    one_by_one,
)
from arctic_training.project.moved_names import (
    MOVED_MODULES,
    PACKAGE,
    current_import,
    is_moved,
    renamed,
)
from arctic_training.project.python_text import PythonText

__all__ = ["broken_imports", "migrated_code"]


class _Change(NamedTuple):
    start: int
    end: int
    text: str


def migrated_code(source: Source) -> tuple[str, list[Diagnostic]]:
    """Return a module's text with today's imports, and a warning for each that is rewritten.

    Consecutive imports of public names become one. Comments, layout and all other text stay.

    Raises:
        SyntaxError: the text is not Python.
        ValueError: it has a NUL.

    """
    module = PythonText.parse(source)
    local = _renamed_locals(module.tree)
    changes = [*_statement_changes(module, local), *_use_changes(module, local)]
    text, line_end = source.text, "\r\n" if "\r\n" in source.text else "\n"
    for change in sorted(changes, reverse=True):
        put = change.text.replace("\n", line_end)
        text = text[: change.start] + put + text[change.end :]
    outdated = (node for node in ast.walk(module.tree) if _is_outdated(node))
    return text, [_moved(module, node) for node in outdated if isinstance(node, ast.stmt)]


def broken_imports(source: Source) -> list[Diagnostic]:
    """Return an error for each import of what is not where it was; none if it cannot be parsed."""
    try:
        module = PythonText.parse(source)
    except (SyntaxError, ValueError):
        return []
    statements = (node for node in ast.walk(module.tree) if isinstance(node, ast.stmt))
    broken = [_moved(module, node) for node in statements if _is_broken(node)]
    return [replace(each, severity=Severity.ERROR) for each in broken]


def _is_broken(node: ast.stmt) -> bool:
    match node:
        case ast.ImportFrom(module=str(module), names=names, level=0):
            return any(is_moved(module, alias.name) for alias in names)
        case ast.Import(names=names):
            return any(alias.name in MOVED_MODULES for alias in names)
        case _:
            return False


def _is_outdated(node: ast.AST) -> bool:
    """Return whether a statement imports from where something was."""
    match node:
        case ast.ImportFrom(module=str(module), names=names, level=0):
            is_ours = module.partition(".")[0] == PACKAGE
            homes = ((module, alias.name) for alias in names)
            return is_ours and any(home != current_import(*home) for home in homes)
        case ast.Import(names=names):
            return any(alias.name in MOVED_MODULES for alias in names)
        case _:
            return False


def _renamed_locals(tree: ast.Module) -> dict[str, str]:
    """Return the imported names that have another name now and can be renamed in the module."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and _is_outdated(node):
            for alias in node.names:
                _, name = current_import(str(node.module), alias.name)
                if name != alias.name and not alias.asname:
                    found[alias.name] = name
    bound = {*_bound(tree)}
    return {old: new for old, new in found.items() if not {old, new} & bound}


def _bound(tree: ast.Module) -> Iterator[str]:
    """Iterate over the names that a module binds, other than by imports."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name):
                yield name
            case _:
                pass


def _statement_changes(module: PythonText, local: dict[str, str]) -> Iterator[_Change]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in MOVED_MODULES:
                    start = module.start(alias)
                    yield _Change(start, start + len(alias.name), MOVED_MODULES[alias.name])
        for block in ("body", "orelse", "finalbody"):
            statements = getattr(node, block, None)
            if isinstance(statements, list):
                for is_import, run in groupby(statements, _is_import):
                    yield from _run_changes(module, [*run], local) if is_import else ()


def _is_import(node: ast.AST) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _run_changes(
    module: PythonText, run: list[ast.stmt], local: dict[str, str]
) -> Iterator[_Change]:
    """Rewrite consecutive import statements: the public names of those without comments as one."""
    ours = [node for node in run if isinstance(node, ast.ImportFrom) and _is_ours(node)]
    due = [node for node in ours if _is_outdated(node) or node.module == PACKAGE]
    merged = [node for node in due if _stands_alone(module, node)]
    if any(map(_is_outdated, merged)):
        yield from _merged(module, ours, merged, local)
    for node in ours:
        if _is_outdated(node) and node not in merged:
            yield from _changes_in_place(module, node, imported_names(node, local))


def _is_ours(node: ast.ImportFrom) -> bool:
    return not node.level and str(node.module).partition(".")[0] == PACKAGE


def _merged(
    module: PythonText,
    ours: list[ast.ImportFrom],
    merged: list[ast.ImportFrom],
    local: dict[str, str],
) -> Iterator[_Change]:
    """Import the public names of some statements by one, which isort puts before all others."""
    names = [name for node in merged for name in imported_names(node, local)]
    public = [name for name in names if name.module == PACKAGE]
    first = next(node for node in ours if node in merged or not module.before(node).strip())
    indent = module.before(first)
    if public and first not in merged:
        start = module.start(first)
        yield _Change(start, start, f"{import_statements(public, indent)[0]}\n{indent}")
    for node in merged:
        others = [name for name in imported_names(node, local) if name.module != PACKAGE]
        lines = import_statements([*(public if node is first else []), *others], indent)
        start = module.start(node)
        if lines:
            yield _Change(start, module.end(node), f"\n{indent}".join(lines))
        else:
            yield _Change(start - len(indent), module.line_end(node), "")


def _stands_alone(module: PythonText, node: ast.ImportFrom) -> bool:
    """Return whether a statement has its lines for itself and contains no comment."""
    behind = module.source.text[module.end(node) : module.line_end(node)]
    return not module.before(node).strip() and not behind.strip() and "#" not in module.text(node)


def _changes_in_place(
    module: PythonText, node: ast.ImportFrom, names: list[ImportedName]
) -> Iterator[_Change]:
    """Rewrite a statement that has comments or shares its line; names of two homes are split."""
    homes = {name.module for name in names}
    if len(homes) > 1:
        yield _Change(module.start(node), module.end(node), one_by_one(module, node, names))
        return
    place = module.start(node) + module.text(node).index(str(node.module))
    yield _Change(place, place + len(str(node.module)), homes.pop())
    for name in names:
        yield _Change(module.start(name.alias), module.end(name.alias), name.text)


def _use_changes(module: PythonText, local: dict[str, str]) -> Iterator[_Change]:
    """Rewrite uses of what is renamed, and of modules by their dotted names."""
    modules = {*_imported_modules(module.tree)}
    by_local = {name: home for name, home in modules if "." not in name}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name) and node.id in local and isinstance(node.ctx, ast.Load):
            yield _Change(module.start(node), module.end(node), local[node.id])
        elif isinstance(node, ast.Attribute):
            whole, value = ast.unparse(node), ast.unparse(node.value)
            if (whole, whole) in modules and whole in MOVED_MODULES:
                yield _Change(module.start(node), module.end(node), MOVED_MODULES[whole])
            home = value if (value, value) in modules else by_local.get(value, "")
            if new := renamed(home, node.attr):
                yield _Change(module.end(node) - len(node.attr), module.end(node), new)


def _imported_modules(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Iterate over imported modules, each by the name it has in the text."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((alias.asname or alias.name, alias.name) for alias in names)
            case ast.ImportFrom(module=str(home), names=names, level=0):
                yield from ((a.asname or a.name, f"{home}.{a.name}") for a in names)
            case _:
                pass


def _moved(module: PythonText, node: ast.stmt) -> Diagnostic:
    old, new = next(_moves(node))
    return Diagnostic(
        code="moved-import",
        message=f"outdated import: `{old}` is now `{new}`",
        span=module.span(node),
        severity=Severity.WARNING,
        help=f"`arctic-gen migrate {module.source.path}` rewrites it",
    )


def _moves(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """Iterate over what a statement imports from where it was, and where it is now."""
    match node:
        case ast.ImportFrom(module=str(module), names=names):
            homes = ((module, alias.name) for alias in names)
            moved = (home for home in homes if home != current_import(*home))
            yield from ((".".join(home), ".".join(current_import(*home))) for home in moved)
        case ast.Import(names=names):
            moved_modules = (alias.name for alias in names if alias.name in MOVED_MODULES)
            yield from ((name, MOVED_MODULES[name]) for name in moved_modules)
        case _:
            pass
