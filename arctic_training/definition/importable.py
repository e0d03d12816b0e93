"""Whether what the user writes by hand can be imported, found out without running it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from arctic_training.config.slots import ImportPath
from arctic_training.definition.definition import HandWritten, Role
from arctic_training.definition.names import keyword_in
from arctic_training.diagnostics import Diagnostic, Span, nearest
from arctic_training.document import Node, ScalarNode
from arctic_training.project.locations import FACTORY_NAMESPACE, NAMESPACE, Project, module_file
from arctic_training.project.module_names import module_names, named_as_file

__all__ = [
    "import_roots",
    "missing_from_module",
    "read_import_path",
    "reserved_name",
    "unimportable",
    "user_file",
    "with_name_of_file",
]


def read_import_path(
    node: Node | None, role: Role, findings: list[Diagnostic]
) -> HandWritten | None:
    """Return what a `module:name` names, unless it was refused; Python may reserve the name."""
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
        return None
    findings += reserved_name(node.value, node.span)
    return HandWritten(ImportPath.parse(node.value), role, node.span)


def reserved_name(text: str, span: Span) -> Iterator[Diagnostic]:
    """Find a name that Python could not import, or would not find inside a class."""
    names = re.split("[.:]", text)
    message = ""
    if word := keyword_in(*names):
        message = f"`{text}` cannot be imported: `{word}` is a Python keyword"
    elif names[-1].startswith("__"):
        message = f"`{names[-1]}` is a reserved name: Python changes `__` names inside classes"
    if message:
        yield Diagnostic(code="reserved-name", message=message, span=span)


def user_file(named: HandWritten, project: Project) -> Path | None:
    """Return the file of the module in which a function or class is to be, if there is one."""
    return module_file(named.path.module, import_roots(project))


def unimportable(named: HandWritten, file: Path | None, project: Project) -> Iterator[Diagnostic]:
    """Find why the user cannot have a function or class where a definition names it.

    A module of the user that does not exist is fine: ``new-trainer`` writes a stub.
    """
    path, roots = named.path, import_roots(project)
    if found := _named_as_file(path, named.span, file) or _in_a_module(path, named.span, roots):
        yield found
    elif reason := _not_the_users(path.module, file, project):
        yield Diagnostic(code="not-importable", message=reason, span=named.span)


def missing_from_module(named: HandWritten, file: Path | None) -> Diagnostic | None:
    """Return that the file of a module lacks a function or a class."""
    names = _top_level_names(file) if file else None
    if not file or names is None or named.path.name in names:
        return None
    return _not_in_module(named, file, names)


def with_name_of_file(found: Diagnostic, project: Project, *, is_class: bool) -> Diagnostic:
    """Propose what a file has, in a finding about a path in place of `module:name`.

    Without such a file, the finding stays as it is.
    """
    path, _, name = found.span.text.strip("\"'").partition(":")
    if not found.suggestion or not path.endswith(".py"):
        return found
    file = (Path(found.span.source.path).resolve().parent / path).resolve()
    root = next(
        (root for root in reversed(project.source_roots[:2]) if file.is_relative_to(root)), None
    )
    if root is None or not (names := _defined_names(file, is_class=is_class)):
        return found
    module = ".".join(file.relative_to(root).with_suffix("").parts)
    named = nearest(name or file.stem, names) or next(iter(names))
    return replace(found, suggestion=f"{module}:{named}")


def _defined_names(file: Path, *, is_class: bool) -> list[str]:
    """Return the public functions of a file, or its classes, those of a loss first."""
    try:
        module = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return []
    wanted = ast.ClassDef if is_class else ast.FunctionDef
    names = [each.name for each in module.body if isinstance(each, wanted)]
    public = [name for name in names if not name.startswith("_")]
    return sorted(public, key=lambda name: "loss" not in name)


def import_roots(project: Project) -> tuple[Path, ...]:
    """Return the folders from which modules are imported: the project's, then the installed."""
    return (*project.source_roots, *_installed(tuple(sys.path)))


@cache
def _installed(folders: tuple[str, ...]) -> tuple[Path, ...]:
    return tuple(map(Path, folders))


def _named_as_file(path: ImportPath, span: Span, file: Path | None) -> Diagnostic | None:
    meant = named_as_file(path.module)
    if file or not meant:
        return None
    return Diagnostic(
        code="not-importable",
        message=f"`{path.module}` is a file: write the module without `.py`",
        span=span,
        suggestion=f"{meant}:{path.name}",
    )


def _in_a_module(path: ImportPath, span: Span, roots: tuple[Path, ...]) -> Diagnostic | None:
    """Return why a module cannot be below another, or None: only a package has modules in it."""
    names = path.module.split(".")
    for outer in (".".join(names[:depth]) for depth in range(1, len(names))):
        file = module_file(outer, roots)
        if (
            file
            and file.stem != "__init__"
            and not (file.with_suffix("") / "__init__.py").is_file()
        ):
            return Diagnostic(
                code="not-importable",
                message=f"`{outer}` is a module and not a package: it has no `{path.module}`",
                span=span,
                help=f"name a module that is not below {file}, or make a package of it",
            )
    return None


def _not_the_users(module: str, file: Path | None, project: Project) -> str:
    """Return why the user cannot have a function in a module, or an empty string."""
    top = module.partition(".")[0]
    if top in {NAMESPACE, FACTORY_NAMESPACE} or project.root.joinpath(
        *module.split(".")
    ).is_relative_to(project.generated):
        return f"`{module}` is the generator's: put what you write into a module of your own"
    if file:
        return ""
    is_other = top != module and not module_file(top, project.source_roots)
    if top in sys.stdlib_module_names or (is_other and module_file(top, import_roots(project))):
        return f"`{top}` is installed, and there is no `{module}`"
    return ""


def _top_level_names(file: Path) -> set[str] | None:
    """Return what a module defines or imports, without running it; None if it does not tell."""
    try:
        module = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return None
    return module_names(module)


def _not_in_module(named: HandWritten, file: Path, names: set[str]) -> Diagnostic:
    path, what = named.path, "class" if named.is_class else "function"
    return Diagnostic(
        code="not-importable",
        message=f"the module `{path.module}` has no `{path.name}`",
        span=named.span,
        suggestion="" if not (meant := nearest(path.name, names)) else f"{path.module}:{meant}",
        help=f"write the {what} into {file}, which is yours and is not written to",
    )
