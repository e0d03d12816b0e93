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
from arctic_training.definition.specification import TrainerSpec
from arctic_training.diagnostics import Diagnostic, Source
from arctic_training.document import shown_path, value_span
from arctic_training.project.locations import module_file

__all__ = ["Unannotated", "unannotated"]

_UNTYPED: Final = re.compile(r"\[no-untyped-def\]$")
_FOLLOWING: Final = re.compile(r"\[(no-untyped-call|no-any-return)\]$")


@dataclass(frozen=True, slots=True)
class Unannotated:
    """What is said of such a function, and the problem of mypy's that it stands for."""

    diagnostic: Diagnostic
    problem: TypeProblem
    spec: TrainerSpec
    pointer: tuple[str | int, ...]

    def covers(self, other: Diagnostic) -> bool:
        """Return whether another finding only follows from this one."""
        place = value_span(self.spec.document, self.pointer)
        return other.span == place and bool(_FOLLOWING.search(other.message))


def unannotated(
    spec: TrainerSpec, problems: list[TypeProblem], roots: tuple[Path, ...]
) -> Iterator[Unannotated]:
    """Find the loss and the callbacks of a trainer that mypy misses types of."""
    for path, pointer in spec.hand_written:
        file = module_file(path.module, roots)
        if pointer[0] not in {"loss", "callbacks"} or file is None:
            continue
        untyped = {
            problem.line: problem
            for problem in problems
            if problem.file == file.resolve() and _UNTYPED.search(problem.message)
        }
        function = _function(file, path.name) if untyped else None
        if function and function.lineno in untyped:
            said = _diagnostic(spec, path, file, function)
            yield Unannotated(said, untyped[function.lineno], spec, pointer)


def _function(file: Path, name: str) -> ast.FunctionDef | None:
    found = ast.parse(file.read_bytes()).body
    return next((n for n in found if isinstance(n, ast.FunctionDef) and n.name == name), None)


def _diagnostic(
    spec: TrainerSpec, path: ImportPath, file: Path, function: ast.FunctionDef
) -> Diagnostic:
    source = Source(shown_path(file), file.read_text("utf-8-sig", errors="replace"))
    listed = [*function.args.posonlyargs, *function.args.args]
    return Diagnostic(
        code="type-error",
        message=f"`{path.name}` does not say all its types, so what it does is not checked",
        span=source.line(function.lineno),
        hint=f"let it begin so, in {path.module}, which is yours and is not written to:",
        paste=signature(spec, path, [each.arg for each in listed]),
    )
