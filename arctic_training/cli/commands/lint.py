"""``arctic-gen lint``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, NoReturn

import click

from arctic_training.cli.documents import document_files
from arctic_training.cli.output import finish
from arctic_training.definition.stages import Loaded, read_documents
from arctic_training.diagnostics import Diagnostic, Format, Severity
from arctic_training.diagnostics.plurals import counted
from arctic_training.document import MapNode, load
from arctic_training.fs.writable import why_not_overwritable
from arctic_training.lint.baseline import baseline_text, is_baseline, read_baseline
from arctic_training.lint.fixes import apply_fixes
from arctic_training.lint.linter import lint as lint_definitions
from arctic_training.project.manifest import ManifestError
from arctic_training.terminal.activity import activity
from arctic_training.validation import document_kind

__all__ = ["lint"]

_MOST_ROUNDS: Final = 10
"""Maximum number of passes: a fix may reveal another finding."""


def lint(
    paths: list[Path],
    *,
    baseline: Path | None,
    is_written: bool,
    is_fixed: bool,
    is_strict: bool,
    form: Format,
) -> NoReturn:
    """Apply the rules to the definitions among some files and folders."""
    if is_written and baseline is None:
        raise click.UsageError("--write-baseline needs --baseline, which says where")
    if baseline and is_written:
        _refuse_to_overwrite(baseline)
    known, wrong = read_baseline(baseline) if baseline and not is_written else (None, [])
    with activity("linting"):
        loaded, problems = _read(paths)
        report = lint_definitions(loaded, known)
    for _ in range(_MOST_ROUNDS if is_fixed else 0):
        if not report.fixes:
            break
        for path in apply_fixes(report.fixes):
            click.echo(f"fixed {path}", err=True)
        loaded, problems = _read(paths)
        report = lint_definitions(loaded, known)
    found = report.findings
    if baseline and is_written:
        _write(baseline, found)
        found = []
    found = [replace(each, severity=Severity.ERROR) if is_strict else each for each in found]
    finish([*wrong, *problems, *found], form, summary=_summary(len(loaded)))


def _read(paths: list[Path]) -> tuple[list[Loaded], list[Diagnostic]]:
    """Read the definitions among some files and folders; recipes are not looked at."""
    try:
        return read_documents(_documents(paths))
    except ManifestError as error:
        raise click.ClickException(str(error)) from error


def _documents(paths: list[Path]) -> Iterator[tuple[Path, MapNode | None, list[Diagnostic]]]:
    for path, is_named in document_files(paths):
        document, found = load(path)
        kind = document_kind(document, is_named=is_named)
        if kind == "definition" or (is_named and not kind):
            yield path, document, found


def _refuse_to_overwrite(path: Path) -> None:
    if reason := why_not_overwritable(path, is_baseline, "a baseline of findings"):
        raise click.ClickException(reason)


def _write(path: Path, found: list[Diagnostic]) -> None:
    path.write_text(baseline_text(found, path.resolve().parent), encoding="utf-8")
    click.echo(f"{path} lists {counted(len(found), 'finding')}", err=True)


def _summary(count: int) -> str:
    return f"{counted(count, 'definition')} looked at: no findings"
