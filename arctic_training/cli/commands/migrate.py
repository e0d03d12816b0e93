"""``arctic-gen migrate``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import click

from arctic_training.cli.documents import CODE_SUFFIX, document_files, read_document
from arctic_training.cli.output import finish
from arctic_training.codegen.unified_diff import unified_diff
from arctic_training.definition.versions import migrated_definition
from arctic_training.diagnostics import Diagnostic, Format, Severity, Source, has_errors
from arctic_training.diagnostics.plurals import counted
from arctic_training.document import JSON, Node, parse, plain, shown_path
from arctic_training.fs.atomic_file import replace_text
from arctic_training.project.code_migration import migrated_code
from arctic_training.project.code_problems import code_problems
from arctic_training.project.locations import Project
from arctic_training.project.moved_names import PACKAGE
from arctic_training.recipe import migrated_recipe

__all__ = ["migrate"]


@dataclass(frozen=True, slots=True)
class _Migration:
    """What would become of a file, and why; nothing where it cannot be rewritten."""

    source: Source
    text: str | None
    reasons: list[Diagnostic]

    @property
    def is_due(self) -> bool:
        """Whether the file would be another one."""
        return self.text is not None and self.text != self.source.text


def migrate(paths: list[Path], *, is_checked: bool, show_diff: bool, form: Format) -> NoReturn:
    """Rewrite definitions, recipes and imports of Python files among some files and folders.

    With ``is_checked`` or ``show_diff``, nothing is written; with the first, what is due is an
    error.
    """
    is_written = not is_checked and not show_diff
    is_shown = show_diff and form is Format.TEXT
    problems: list[Diagnostic] = []
    count = due = 0
    for path, is_named in document_files(paths, includes_code=True):
        is_code = path.suffix == CODE_SUFFIX
        migration = _code_migration(path) if is_code else _migration(path, is_named=is_named)
        problems += _told(migration, is_checked=is_checked, is_settled=is_written or is_shown)
        count += migration.text is not None
        due += migration.is_due
        if migration.is_due and is_written:
            replace_text(path, migration.text or "")
            click.echo(f"migrated {migration.source.path}", err=True)
        elif migration.is_due and is_shown:
            click.echo(_diff(migration), nl=False)
    finish(problems, form, summary="" if due else _summary(count))


def _code_migration(path: Path) -> _Migration:
    source = Source(shown_path(path), "")
    try:
        source = Source(source.path, path.read_bytes().decode("utf-8-sig"))
        if PACKAGE not in source.text:
            return _Migration(source, None, [])
        text, moved = migrated_code(source)
        return _Migration(source, text, [*moved, *code_problems(source)])
    except (OSError, SyntaxError, ValueError) as error:
        return _Migration(source, None, [_unreadable(source, error)])


def _unreadable(source: Source, error: Exception) -> Diagnostic:
    return Diagnostic(
        code="python-syntax",
        message=f"cannot be parsed as Python: {error}",
        span=source.start(),
        severity=Severity.WARNING,
    )


def _migration(path: Path, *, is_named: bool) -> _Migration:
    project = Project.of(path)
    if path.resolve() == project.factories.resolve():  # resembles a recipe, and has no version
        return _Migration(Source(shown_path(path), ""), "", [])
    document, kind, found = read_document(path, is_named=is_named)
    if document is None or found:
        return _Migration(Source(shown_path(path), ""), None, found)
    today: Node
    if kind == "definition":
        today, text, found = migrated_definition(document)
    else:
        today, text, found = migrated_recipe(document, project)
    source = document.span.source
    if text is not None and _meaning(text, source.path) != plain(today):
        return _Migration(source, None, [_unsafe(reason) for reason in found])
    return _Migration(source, text, found)


def _meaning(text: str, path: str) -> JSON:
    node, problems = parse(Source(path, text))
    return plain(node) if node and not problems else None


def _unsafe(reason: Diagnostic) -> Diagnostic:
    return replace(
        reason,
        severity=Severity.ERROR,
        help="the text around it is written in a way that is left alone: change it by hand",
    )


def _told(migration: _Migration, *, is_checked: bool, is_settled: bool) -> list[Diagnostic]:
    """Return what is to be said of a file: why it cannot be rewritten, or why it is to be."""
    if not migration.is_due:
        return migration.reasons
    if is_checked:
        return [replace(reason, severity=Severity.ERROR) for reason in migration.reasons]
    return [each for each in migration.reasons if not is_settled or has_errors([each])]


def _diff(migration: _Migration) -> str:
    before, after = migration.source.text, migration.text or ""
    path = migration.source.path
    return unified_diff(before, after, f"{path} (as it is)", f"{path} (migrated)")


def _summary(count: int) -> str:
    return f"{counted(count, 'file')} looked at: nothing to migrate"
