"""``arctic-gen validate``."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import click

from arctic_training.cli.documents import document_files, document_kind
from arctic_training.cli.output import finish
from arctic_training.codegen.definitions import definition_problems
from arctic_training.diagnostics import Diagnostic, Format
from arctic_training.document import MapNode, joined, load, shown_path
from arctic_training.project import Project
from arctic_training.recipe import check_recipe

__all__ = ["validate"]


def validate(paths: list[Path], form: Format) -> NoReturn:
    """Check every definition and recipe among some files and folders."""
    problems: list[Diagnostic] = []
    counts = {"definition": 0, "recipe": 0}
    for path, is_named in document_files(paths):
        document, found = load(path)
        kind = document_kind(document, is_named=is_named)
        if document is None and (is_named or not _is_other(path, found)):
            problems += found
        elif document and kind == "definition":
            problems += joined(found, definition_problems(document, path))
        elif document and kind == "recipe":
            problems += joined(found, check_recipe(document, Project.of(path))[1])
        elif document and is_named:
            problems.append(_neither(document))
        else:
            click.echo(f"skipped: {shown_path(path)} is no definition and no recipe", err=True)
        if kind:
            counts[kind] += 1
    finish(problems, form, summary=_summary(counts))


def _is_other(path: Path, found: list[Diagnostic]) -> bool:
    """Return whether a text without a mapping is no attempt at a definition or a recipe."""
    return path.suffix == ".json" or all(problem.code == "wrong-type" for problem in found)


def _neither(document: MapNode) -> Diagnostic:
    return Diagnostic(
        code="unknown-document",
        message="this is neither a trainer definition nor a recipe",
        span=document.span,
        hint="a definition has keys such as `name` and `data_factory_type`, "
        "a recipe has `type`, `model` or `data`",
    )


def _summary(counts: dict[str, int]) -> str:
    parts = [f"{n} {kind}{'s' if n != 1 else ''}" for kind, n in counts.items() if n]
    return f"{' and '.join(parts)} checked: no problems" if parts else "nothing to check"
