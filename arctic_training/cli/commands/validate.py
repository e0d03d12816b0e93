"""``arctic-gen validate``."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NoReturn

import click

from arctic_training.cli.documents import document_files, read_document
from arctic_training.cli.output import finish
from arctic_training.definition.stages import (
    Loaded,
    factories_problems,
    read_definition,
    taken_names,
)
from arctic_training.diagnostics import Diagnostic, Format
from arctic_training.diagnostics.plurals import counted
from arctic_training.document import shown_path
from arctic_training.project.locations import Project
from arctic_training.project.manifest import ManifestError
from arctic_training.recipe import check_recipe
from arctic_training.terminal.activity import activity
from arctic_training.validation import joined

__all__ = ["validate"]

_SHARED: Final = "list of shared factories"
"""Name of the project's file of factories; a project has one."""


def validate(paths: list[Path], form: Format) -> NoReturn:
    """Check every definition and recipe among some files and folders."""
    counts = {"definition": 0, "recipe": 0, _SHARED: 0}
    try:
        with activity("checking documents"):
            problems = _problems(paths, counts)
    except ManifestError as error:
        raise click.ClickException(str(error)) from error
    finish(problems, form, summary=_summary(counts))


def _problems(paths: list[Path], counts: dict[str, int]) -> list[Diagnostic]:
    """Return everything that is wrong, and count what was looked at."""
    problems: list[Diagnostic] = []
    loaded: list[Loaded] = []
    for path, is_named in document_files(paths):
        project = Project.of(path)
        is_named_so = path.name == project.factories.name
        if is_named_so and path.resolve() == project.factories.resolve():
            problems += factories_problems(project)
            counts[_SHARED] += 1
            continue
        document, kind, found = read_document(path, is_named=is_named)
        if document and kind == "definition":
            item, wrong = read_definition(document, path, project)
            problems += joined(found, wrong)
            loaded += [item] if item else []
        elif document:
            problems += joined(found, check_recipe(document, project)[1])
        elif found:
            problems += found
        else:
            click.echo(
                f"skipped: {shown_path(path)} is neither a definition nor a recipe", err=True
            )
        if kind:
            counts[kind] += 1
    return [*problems, *taken_names(loaded)]


def _summary(counts: dict[str, int]) -> str:
    parts = [counted(number, kind) for kind, number in counts.items() if number]
    return f"{' and '.join(parts)} checked: no findings" if parts else "nothing to check"
