"""Find what a user's module takes from arctic_training that no rewrite of imports can provide."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from arctic_training.diagnostics import Diagnostic, Source
from arctic_training.project.locations import module_file
from arctic_training.project.moved_names import PACKAGE, current_import
from arctic_training.project.python_text import PythonText
from arctic_training.public_names import PUBLIC_NAMES

__all__ = ["code_problems"]

_ROOT: Final = Path(__file__).parents[2]
_BATCHES: Final = {name for name in PUBLIC_NAMES if name.endswith("Batch")}


def code_problems(source: Source) -> list[Diagnostic]:
    """Return the names that arctic_training no longer has, and reads of a batch's old key.

    Raises:
        SyntaxError: the text is not Python.
        ValueError: it has a NUL.

    """
    module = PythonText.parse(source)
    return [*_missing_names(module), *_unshifted_labels(module)]


def _missing_names(module: PythonText) -> Iterator[Diagnostic]:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ImportFrom) or node.level:
            continue
        home = str(node.module)
        for alias in node.names if home.partition(".")[0] == PACKAGE else ():
            if not _is_offered(*current_import(home, alias.name)):
                yield Diagnostic(
                    code="not-importable",
                    message=f"`{alias.name}` of `{home}` is no longer part of arctic_training",
                    span=module.span(alias),
                    help="remove the import; the names to build on are in `arctic_training`",
                )


def _is_offered(home: str, name: str) -> bool:
    """Return whether a module has a name; private names are not looked for."""
    is_anything = name == "*" or name.startswith("_")
    return is_anything or name in _offered(home) or _file(f"{home}.{name}") is not None


@cache
def _offered(home: str) -> frozenset[str]:
    """Return the names in the ``__all__`` of a module of this package."""
    file = _file(home)
    for node in ast.parse(file.read_bytes()).body if file else ():
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=listed):
                return frozenset(ast.literal_eval(listed))
            case _:
                pass
    return frozenset()


def _file(module: str) -> Path | None:
    return module_file(module, (_ROOT,))


def _unshifted_labels(module: PythonText) -> Iterator[Diagnostic]:
    """Find reads of ``batch["labels"]``, which batches carried before losses stopped shifting."""
    for function in ast.walk(module.tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        batches = {each.arg for each in function.args.args if _is_batch(each.annotation)}
        for node in ast.walk(function):
            match node:
                case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value="labels")):
                    if name in batches:
                        yield _shifted(module, node, name)
                case _:
                    pass


def _is_batch(annotation: ast.expr | None) -> bool:
    words = ast.unparse(annotation).strip("'\"").split(".") if annotation else [""]
    return words[-1] in _BATCHES


def _shifted(module: PythonText, node: ast.Subscript, name: str) -> Diagnostic:
    return Diagnostic(
        code="old-batch-key",
        message="batches have no `labels`: they carry `shift_labels`, the label of each next token",
        span=module.span(node),
        help=f'compare the logits with `{name}["shift_labels"]` of the same place, '
        "and remove the shift by one",
    )
