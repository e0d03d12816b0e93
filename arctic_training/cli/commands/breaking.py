"""``arctic-gen breaking``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import click

from arctic_training.breaking.against import Earlier, NoSuchStateError, earlier
from arctic_training.breaking.compare import breaks
from arctic_training.breaking.rule import Contract
from arctic_training.cli.documents import document_files, read_document
from arctic_training.cli.output import finish
from arctic_training.definition.definition import Definition
from arctic_training.definition.stages import read_definitions
from arctic_training.diagnostics import (
    Diagnostic,
    Format,
    Related,
    Severity,
    Source,
    Span,
    has_errors,
)
from arctic_training.diagnostics.plurals import counted
from arctic_training.project.locations import Project
from arctic_training.project.manifest import ManifestError
from arctic_training.terminal.activity import activity

__all__ = ["breaking"]


def breaking(paths: list[Path], *, against: str, contract: Contract, form: Format) -> NoReturn:
    """Compare definitions with what they were, and say what the change breaks."""
    here = Project.of(Path("here")).root
    places = [_below(path, here) for path in paths or [here]]
    try:
        comparing = activity(f"comparing with {against}")
        with comparing, earlier(against, here) as (state, there):
            old, unread = _read(there, places)
            new, problems = _read(here, places)
            if not has_errors(problems):
                problems += [
                    _shown(found, state)
                    for project in old
                    for found in breaks(old[project], new.get(project, []), contract)
                ]
            problems += [_shown(_unread(wrong), state) for wrong in unread if _stops(wrong)]
    except (NoSuchStateError, ManifestError) as error:
        raise click.ClickException(str(error)) from error
    finish(problems, form, summary=_summary(sum(map(len, old.values())), against))


def _below(path: Path, here: Path) -> Path:
    whole = path.resolve()
    if not whole.is_relative_to(here):
        raise click.UsageError(f"{path} is not below {here}, the root of this project")
    return whole.relative_to(here)


def _read(root: Path, places: list[Path]) -> tuple[dict[Path, list[Definition]], list[Diagnostic]]:
    """Return the definitions below a folder, those of each project in it by its place there."""
    definitions: list[Path] = []
    there = [root / place for place in places if (root / place).exists()]
    for path, is_named in document_files(there):
        document, kind, found = read_document(path, is_named=is_named)
        if kind == "definition" or (document is None and is_named and found):
            definitions.append(path)
    loaded, problems = read_definitions(definitions)
    projects: dict[Path, list[Definition]] = {}
    for item in loaded:
        projects.setdefault(item.project.root.relative_to(root), []).append(item.spec)
    return projects, problems


def _stops(problem: Diagnostic) -> bool:
    return problem.severity is Severity.ERROR


def _unread(problem: Diagnostic) -> Diagnostic:
    return replace(
        problem,
        code="not-comparable",
        page="diagnostics",
        message=f"the definition as it was cannot be read now: {problem.message}",
        help="the change cannot be compared: use a later state",
    )


def _shown(found: Diagnostic, state: Earlier) -> Diagnostic:
    """Return a finding that names the files of the earlier state as they are known."""
    related = tuple(Related(each.message, _moved(each.span, state)) for each in found.related)
    return replace(found, span=_moved(found.span, state), related=related)


def _moved(span: Span, state: Earlier) -> Span:
    source = Source(state.shown(span.source.path), span.source.text)
    return replace(span, source=source)


def _summary(count: int, against: str) -> str:
    return f"{counted(count, 'trainer')} compared with {against}: nothing breaks"
