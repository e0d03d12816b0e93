"""The stage verify: the rendered files are type-checked before anything is kept.

An error of mypy's in a generated file is shown at the place of the definition that the line was
made from; one in the user's own file, where it is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from arctic_training.codegen.mypy_runner import TypeProblem, type_problems
from arctic_training.codegen.stubs import missing_loss
from arctic_training.codegen.unannotated import unannotated
from arctic_training.codegen.wrong_batch import wrong_batches
from arctic_training.config.slots import ImportPath
from arctic_training.definition.definition import Definition
from arctic_training.diagnostics import Diagnostic, Source, Span
from arctic_training.document import shown_path
from arctic_training.project.code_migration import broken_imports
from arctic_training.project.locations import Project, module_file

__all__ = ["SourceMap", "Staged", "verify"]


@dataclass(frozen=True, slots=True)
class SourceMap:
    """Which place of the definition each named part of a generated file was made from."""

    spec: Definition
    spans: dict[str, Span]

    def span(self, text: str, line: int) -> Span:
        """Return the place that a line of the file was made from."""
        for name in _names_at(ast.parse(text), line):
            if name in self.spans:
                return self.spans[name]
        return self.spec.name_key


@dataclass(frozen=True, slots=True)
class Staged:
    """Files that were written aside: what would be published, and stubs that do not exist yet."""

    generated: Path
    stubs: Path
    maps: dict[Path, SourceMap]
    probes: frozenset[Path]
    """Temporary modules that instantiate the trainers of hand-written classes."""


def verify(specs: list[Definition], staged: Staged, project: Project) -> list[Diagnostic]:
    """Type-check staged trainers with the user's functions."""
    roots = (staged.generated, *project.source_roots, staged.stubs, staged.stubs / "src")
    targets = [path for path in staged.maps if path.suffix == ".py"]
    hand_written = _hand_written(specs, roots)
    if moved := [each for file in hand_written for each in _broken_imports(file)]:
        return moved  # every type that they import is unknown
    targets += hand_written
    problems = type_problems(targets, roots)
    made = {*staged.maps}
    wrong = [each for spec in specs for each in wrong_batches(spec, problems, roots, made)]
    gone = {id(problem) for each in wrong for problem in each.problems}
    problems = [problem for problem in problems if id(problem) not in gone]
    untyped = [each for spec in specs for each in unannotated(spec, problems, roots)]
    for each in untyped:
        problems = [problem for problem in problems if problem is not each.problem]
    found = [_diagnostic(problem, staged) for problem in problems]
    left = [one for one in found if not any(each.covers(one) for each in untyped)]
    told = [*(each.diagnostic for each in wrong), *(each.diagnostic for each in untyped)]
    return [*told, *left]


def _hand_written(specs: list[Definition], roots: tuple[Path, ...]) -> list[Path]:
    named = [each for spec in specs for each in spec.hand_written]
    files = {module_file(each.path.module, roots) for each in named}
    return sorted(file for file in files if file)


def _broken_imports(file: Path) -> list[Diagnostic]:
    return broken_imports(Source(shown_path(file), file.read_text("utf-8-sig", errors="replace")))


def _diagnostic(problem: TypeProblem, staged: Staged) -> Diagnostic:
    text = problem.file.read_text(encoding="utf-8", errors="replace")
    source_map = staged.maps.get(problem.file)
    if source_map is None:
        source = Source(shown_path(problem.file), text)
        span = Span(source, problem.line, problem.column, problem.line, problem.column + 1)
        return _type_error(problem, span)
    span = source_map.span(text, problem.line)
    lacking = source_map.spec.implementation if problem.file in staged.probes else None
    if lacking and _NO_LOSS.search(problem.message):
        return _lacks_loss(source_map.spec, lacking, span)
    return _type_error(problem, span)


_NO_LOSS: Final = re.compile(r'abstract attributes? .*"loss".*\[abstract\]$')


def _type_error(problem: TypeProblem, span: Span) -> Diagnostic:
    return Diagnostic(code="type-error", message=problem.message, span=span, help=problem.hint)


def _lacks_loss(spec: Definition, lacking: ImportPath, span: Span) -> Diagnostic:
    return Diagnostic(
        code="missing-loss",
        message=f"`{lacking.name}` has no `loss`, and the definition names none",
        span=span,
        help=f"put this into {lacking.module}, which is yours and is not written to:",
        paste=missing_loss(spec, lacking),
    )


def _names_at(module: ast.Module, line: int) -> Iterator[str]:
    """Iterate over the names of what a line contains, the innermost first."""
    for statement in module.body:
        if not _covers(statement, line):
            continue
        match statement:
            case ast.ImportFrom(module=str(name)):
                yield f"import {name}"
            case ast.FunctionDef(name=name):
                yield name
            case ast.ClassDef(name=owner, body=body):
                for inner in body:
                    if _covers(inner, line):
                        yield from _mentioned(inner, owner, line)
                        yield from (f"{owner}.{name}" for name in _defined(inner))
                yield owner
            case _:
                pass


def _mentioned(statement: ast.stmt, owner: str, line: int) -> Iterator[str]:
    """Iterate over the classes and functions that a line of a method or of a value names."""
    for defined in _defined(statement):
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and node.lineno == line:
                yield f"{owner}.{defined}.{node.id}"


def _defined(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.FunctionDef(name=name):
            yield name
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
            yield name
        case _:
            pass


def _covers(statement: ast.stmt, line: int) -> bool:
    first = statement.lineno
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        first = min([first, *(decorator.lineno for decorator in statement.decorator_list)])
    return first <= line <= (statement.end_lineno or first)
