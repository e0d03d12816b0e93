"""The stage render: templates and views to texts.

A project's own templates are code of the project, but run in jinja2's sandbox: all that they can do
is to combine the fields of views.
"""

from __future__ import annotations

import ast
import re
import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NoReturn

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateSyntaxError,
    Undefined,
    UndefinedError,
)
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from arctic_training.codegen.plan import PlannedFile
from arctic_training.diagnostics import Diagnostic, Source, Span, nearest
from arctic_training.document import shown_path
from arctic_training.project.resources import resource

__all__ = ["TemplateError", "fill", "render"]


class TemplateError(Exception):
    """A project's own templates cannot be rendered, each for the reason that ``problems`` says."""

    def __init__(self, problems: list[Diagnostic]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


def render(files: list[PlannedFile], own: Path | None = None) -> dict[str, str]:
    """Return the text of each file by its path.

    Templates in the folder ``own`` replace the shipped ones of their names.

    Raises:
        TemplateError: one of those cannot be rendered, or does not make Python.

    """
    own = own if own and own.is_dir() else None
    environment = _environment(_Sandbox, own) if own else _shipped()
    texts: dict[str, str] = {}
    problems: list[Diagnostic] = []
    for file in files:
        try:
            texts[file.path] = _text(file, environment)
        except Exception as error:
            if not own or (problem := _problem(error, own)) is None:
                raise
            problems.append(problem)
        else:
            problems += _no_python(file, texts[file.path], own) if own else []
    if problems:
        raise TemplateError(list(dict.fromkeys(problems)))
    return texts


def fill(template: str, values: Mapping[str, object]) -> str:
    """Render one of the shipped templates."""
    return _shipped().get_template(template).render(values)


def _text(file: PlannedFile, environment: Environment) -> str:
    if not file.template:
        return file.text
    return environment.get_template(file.template).render({"view": file.view})


def _problem(error: Exception, own: Path) -> Diagnostic | None:
    """Return an error as one of a project's own template; None where it is none of those."""
    frames = [(Path(f.filename), f.lineno or 1) for f in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, TemplateSyntaxError) and error.filename:
        frames.append((Path(error.filename), error.lineno))
    places = [place for place in frames if place[0].parent == own]
    if not places:
        return None
    path, line = places[-1]
    name = re.findall(r"'([^']*)'", str(error)) if isinstance(error, UndefinedError) else []
    source = Source(shown_path(path), path.read_text("utf-8"))
    return Diagnostic(
        code="template-error",
        message=f"there is no `{name[-1]}` here" if name else str(error) or type(error).__name__,
        span=_span(source, line, name[-1] if name else ""),
        suggestion=nearest(name[-1], _words(path.name) - {name[-1]}) if name else "",
    )


def _span(source: Source, line: int, name: str) -> Span:
    """Return the place of a name on a line, or the whole of it."""
    word, text = rf"\b{re.escape(name)}\b", source.lines[line - 1]
    found = re.search(rf"(?<=\.){word}", text) or re.search(word, text) if name else None
    if not found:
        return source.line(line)
    return Span(source, line, found.start() + 1, line, found.end() + 1)


def _words(template: str) -> set[str]:
    """Return the names that the shipped template uses."""
    base = resource(f"templates/{template}")
    return set(re.findall(r"\w+", base.read_text("utf-8"))) if base.exists() else set()


def _no_python(file: PlannedFile, text: str, own: Path) -> list[Diagnostic]:
    """Find a project's own template that makes a file which Python cannot read."""
    used = [path for name in (file.template, "macros.j2") if (path := own / name).is_file()]
    if not used or not file.path.endswith(".py"):
        return []
    try:
        ast.parse(text)
    except (SyntaxError, ValueError) as error:
        source = Source(shown_path(used[0]), used[0].read_text("utf-8"))
        message = f"{file.path}, which it makes, is not valid Python: {error}"
        return [Diagnostic(code="template-error", message=message, span=source.line(1))]
    return []


def _only_code(value: object) -> object:
    """Refuse to print what is not code: text of a definition reaches the output in no other way.

    What a macro returns is markup too.

    Raises:
        TypeError: a template prints something else.
        UndefinedError: it prints what there is not.

    """
    if isinstance(value, Undefined):
        return str(value)  # which raises the error of what there is not
    if not isinstance(value, Markup):
        raise TypeError(f"{value!r} is not code")
    return value


@cache
def _shipped() -> Environment:
    return _environment(Environment)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Concatenates strings and computes nothing: no file contains `'x' * 10 ** 10`."""

    intercepted_binops = frozenset(ImmutableSandboxedEnvironment.default_binop_table)

    def call_binop(
        self, _context: object, operator: str, _left: object, _right: object
    ) -> NoReturn:
        raise SecurityError(f"templates do not compute: there is a `{operator}` here")


def _environment(kind: type[Environment], *own: Path) -> Environment:
    return kind(
        loader=FileSystemLoader([*own, resource("templates")]),
        undefined=StrictUndefined,
        finalize=_only_code,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
