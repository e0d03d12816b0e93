"""Whether what the user writes by hand can be imported, found out without running it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from arctic_training.config.slots import ImportPath
from arctic_training.definition.factories.custom import one_or_many, own_factories
from arctic_training.diagnostics import Diagnostic, Span, nearest
from arctic_training.document import MapNode, Node, Pointer, find, plain
from arctic_training.project.locations import FACTORY_NAMESPACE, NAMESPACE, Project, module_file
from arctic_training.project.module_names import module_names, named_as_file

__all__ = ["import_roots", "named_callbacks", "unimportable"]


def named_callbacks(definition: MapNode) -> Iterator[tuple[Pointer, Node]]:
    """Iterate over the functions that a definition names by moment, in their order."""
    moments = find(definition, ("callbacks",))
    for moment in moments.entries if isinstance(moments, MapNode) else ():
        yield from one_or_many(definition, ("callbacks", moment))


def unimportable(
    definition: MapNode, project: Project
) -> Iterator[tuple[Diagnostic, ImportPath | None]]:
    """Find what the user writes and cannot be imported, and what a module lacks.

    A module of the user's that does not exist is no problem: ``new-trainer`` writes a stub.
    """
    classes = [(*pointer, "class") for _, pointer in own_factories(definition)]
    callbacks = [pointer for pointer, _ in named_callbacks(definition)]
    for pointer in (("loss",), ("implementation",), *classes, *callbacks):
        value = find(definition, pointer)
        if value is None:
            continue
        what = "function" if pointer[0] in {"loss", "callbacks"} else "class"
        path = ImportPath.parse(str(plain(value)))
        roots = import_roots(project)
        file = module_file(path.module, roots)
        if found := _named_as_file(path, value.span, file) or _in_a_module(path, value.span, roots):
            yield found, None
        elif reason := _not_the_users(path.module, file, project):
            yield Diagnostic(code="not-importable", message=reason, span=value.span), None
        names = _top_level_names(file) if file else None
        if file and names is not None and path.name not in names:
            yield _not_in_module(path, value.span, file, names, what), path


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
                hint=f"name a module that is not below {file}, or make a package of it",
            )
    return None


def _not_the_users(module: str, file: Path | None, project: Project) -> str:
    """Return why the user cannot have a function in a module, or an empty text."""
    top = module.partition(".")[0]
    if top in {NAMESPACE, FACTORY_NAMESPACE} or project.root.joinpath(
        *module.split(".")
    ).is_relative_to(project.generated):
        return f"`{module}` is the generator's: put what you write into a module of your own"
    if file or module_file(top, project.source_roots):
        return ""
    if top in sys.stdlib_module_names or module_file(top, import_roots(project)):
        return f"`{top}` is installed, and there is no `{module}`"
    return ""


def _top_level_names(file: Path) -> set[str] | None:
    """Return what a module defines or imports, without running it; None if it does not tell."""
    try:
        module = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return None
    return module_names(module)


def _not_in_module(
    path: ImportPath, span: Span, file: Path, names: set[str], what: str
) -> Diagnostic:
    return Diagnostic(
        code="not-importable",
        message=f"the module `{path.module}` has no `{path.name}`",
        span=span,
        suggestion="" if not (meant := nearest(path.name, names)) else f"{path.module}:{meant}",
        hint=f"write the {what} into {file}, which is yours and is not written to",
    )
