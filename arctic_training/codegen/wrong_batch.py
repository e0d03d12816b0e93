"""A function of the user's that takes another batch or trainer than it is given: one finding.

mypy reports it for each argument at the call, which is generated, and again for all that the
function does with them. It was caused where the function says what it takes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from arctic_training.codegen.mypy_runner import TypeProblem
from arctic_training.definition.definition import Definition
from arctic_training.diagnostics import Diagnostic, Related, Source, Span
from arctic_training.document import shown_path
from arctic_training.project.locations import module_file

__all__ = ["WrongBatch", "wrong_batches"]

_ARGUMENT: Final = re.compile(
    r'Argument (?P<number>\d+) to "(?P<function>\w+)" has incompatible type "(?P<given>[^"]+)"; '
    r'expected "(?P<taken>[^"]+)"'
)


@dataclass(frozen=True, slots=True)
class WrongBatch:
    """What is said of such a function, and the problems of mypy's that follow from it."""

    diagnostic: Diagnostic
    problems: tuple[TypeProblem, ...]


def wrong_batches(
    spec: Definition, problems: list[TypeProblem], roots: tuple[Path, ...], made: set[Path]
) -> Iterator[WrongBatch]:
    """Find the functions of a trainer that cannot take what its generated code gives them.

    ``made`` are the generated files, in which they are called.
    """
    for named in spec.hand_written:
        file = module_file(named.path.module, roots)
        calls = [
            (found, problem)
            for problem in problems
            if problem.file in made and (found := _ARGUMENT.search(problem.message))
            if found["function"] == named.path.name
        ]
        function = _function(file, named.path.name) if calls and file else None
        if function is None or file is None:
            continue
        found, _ = calls[-1]  # the batch, where the trainer does not fit because of it either
        if annotation := _annotation(function, int(found["number"])):
            said = _diagnostic(found, file, annotation, named.span)
            inside = _following(function, file, problems, found["taken"])
            yield WrongBatch(said, (*(problem for _, problem in calls), *inside))


def _function(file: Path, name: str) -> ast.FunctionDef | None:
    body = ast.parse(file.read_bytes()).body
    return next((n for n in body if isinstance(n, ast.FunctionDef) and n.name == name), None)


def _annotation(function: ast.FunctionDef, number: int) -> ast.expr | None:
    listed = [*function.args.posonlyargs, *function.args.args]
    return listed[number - 1].annotation if number <= len(listed) else None


def _following(
    function: ast.FunctionDef, file: Path, problems: list[TypeProblem], taken: str
) -> Iterator[TypeProblem]:
    """Iterate over problems within the function that speak of what it wrongly takes."""
    last = function.end_lineno or function.lineno
    for problem in problems:
        is_inside = problem.file == file.resolve() and function.lineno <= problem.line <= last
        if is_inside and taken in problem.message:
            yield problem


def _diagnostic(found: re.Match[str], file: Path, annotation: ast.expr, named: Span) -> Diagnostic:
    source = Source(shown_path(file), file.read_text("utf-8-sig", errors="replace"))
    end_line, end = annotation.end_lineno, annotation.end_col_offset
    assert end_line is not None, "ast.parse gives every expression an end"
    assert end is not None, "ast.parse gives every expression an end"
    start = _column(source, annotation.lineno, annotation.col_offset)
    span = Span(source, annotation.lineno, start, end_line, _column(source, end_line, end))
    return Diagnostic(
        code="type-error",
        message=f"`{found['function']}` takes `{found['taken']}`, "
        f"and the trainer gives it `{found['given']}`",
        span=span,
        related=(Related("named here", named),),
        help=f"annotate it with `{found['given']}`, or choose what gives it `{found['taken']}`",
    )


def _column(source: Source, line: int, offset: int) -> int:
    """Return a column, from 1, of an offset in bytes."""
    return len(source.lines[line - 1].encode()[:offset].decode(errors="replace")) + 1
