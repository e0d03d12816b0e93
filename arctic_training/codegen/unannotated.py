"""A function of the user's that says no types: one finding, with the signature to write."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from arctic_training.codegen.mypy_runner import TypeProblem
from arctic_training.codegen.stubs import signature
from arctic_training.config.slots import ImportPath
from arctic_training.definition.definition import Definition
from arctic_training.diagnostics import Diagnostic, Source, Span
from arctic_training.document import shown_path
from arctic_training.project.locations import module_file

__all__ = ["Unannotated", "unannotated"]

_UNTYPED: Final = re.compile(r"\[no-untyped-def\]$")
_FOLLOWING: Final = re.compile(r"\[(no-untyped-call|no-any-return)\]$")


@dataclass(frozen=True, slots=True)
class Unannotated:
    """What is said of such a function, and the problem of mypy's that it stands for."""

    diagnostic: Diagnostic
    problem: TypeProblem
    span: Span
    """Where the definition names the function."""

    def covers(self, other: Diagnostic) -> bool:
        """Return whether another finding only follows from this one."""
        return other.span == self.span and bool(_FOLLOWING.search(other.message))


def unannotated(
    spec: Definition, problems: list[TypeProblem], roots: tuple[Path, ...]
) -> Iterator[Unannotated]:
    """Find the loss and the callbacks of a trainer that mypy misses types of."""
    for named in spec.hand_written:
        file = module_file(named.path.module, roots)
        if named.role not in {"loss", "callback"} or file is None:
            continue
        untyped = {
            problem.line: problem
            for problem in problems
            if problem.file == file.resolve() and _UNTYPED.search(problem.message)
        }
        function = _function(file, named.path.name) if untyped else None
        if function and function.lineno in untyped:
            said = _diagnostic(spec, named.path, file, function)
            yield Unannotated(said, untyped[function.lineno], named.span)


def _function(file: Path, name: str) -> ast.FunctionDef | None:
    found = ast.parse(file.read_bytes()).body
    return next((n for n in found if isinstance(n, ast.FunctionDef) and n.name == name), None)


def _diagnostic(
    spec: Definition, path: ImportPath, file: Path, function: ast.FunctionDef
) -> Diagnostic:
    source = Source(shown_path(file), file.read_text("utf-8-sig", errors="replace"))
    listed = [*function.args.posonlyargs, *function.args.args]
    return Diagnostic(
        code="type-error",
        message=f"`{path.name}` is missing type annotations, so it cannot be checked",
        span=source.line(function.lineno),
        help=f"let it begin so, in {path.module}, which is yours and is not written to:",
        paste=signature(spec, path, [each.arg for each in listed]),
    )
