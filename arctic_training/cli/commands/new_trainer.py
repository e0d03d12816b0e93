"""``arctic-gen new-trainer``."""

from __future__ import annotations

import time
from pathlib import Path

import click

from arctic_training.cli.duplicate_names import rivals
from arctic_training.cli.output import TYPE_CHECKING_TEXT, ExitCode, finish
from arctic_training.codegen.changes import FileChange, Kind, diff
from arctic_training.codegen.generator_lock import alone_in
from arctic_training.codegen.mypy_runner import TypeCheckError
from arctic_training.codegen.pipeline import Generation, generate, save
from arctic_training.codegen.publish import recover
from arctic_training.codegen.scaffold import recipe_path
from arctic_training.codegen.stubs import pasted
from arctic_training.codegen.templates import templates
from arctic_training.codegen.up_to_date import Seen, remember
from arctic_training.definition.importable import import_roots
from arctic_training.definition.stages import Loaded, by_project, read_definitions
from arctic_training.diagnostics import Diagnostic, Format, has_errors
from arctic_training.document import shown_path
from arctic_training.project.locations import Project, module_file
from arctic_training.project.manifest import Manifest, ManifestError
from arctic_training.terminal.activity import activity
from arctic_training.validation import joined

__all__ = ["new_trainer"]


def new_trainer(
    definitions: list[Path],
    *,
    output: Path | None,
    dry_run: bool,
    show_diff: bool,
    types: bool,
    force: bool,
    form: Format,
) -> None:
    """Generate trainers; with any error, nothing is written."""
    began = time.time()
    roots = {Project.of(path, output=output).generated for path in definitions}
    with alone_in(roots):
        for root in () if dry_run else roots:
            recover(root)
        try:
            loaded, problems = read_definitions(definitions, output=output, stubber=pasted)
            problems = joined([*rivals(loaded)], problems)
            if has_errors(problems):
                finish(problems, form)
            with activity(TYPE_CHECKING_TEXT if types else "generating"):
                parts = by_project(loaded)
                generations = [generate(part, types=types, force=force) for part in parts]
        except (TypeCheckError, ManifestError) as error:
            raise click.ClickException(str(error)) from error
        problems += [problem for generation in generations for problem in generation.problems]
        problems = joined(problems, _term_problems(loaded) if types else [])
        if has_errors(problems):
            finish(problems, form)
        for generation in generations:
            begun = list(generation.starters) if dry_run else save(generation)
            _tell_of_manifest(generation, dry_run=dry_run)
            if form is Format.TEXT:
                _tell(generation, begun, dry_run=dry_run, show_diff=show_diff)
        if not dry_run and not problems:
            _remember(definitions, output, loaded, generations, began)
    if form is Format.TEXT and not dry_run:
        click.echo(_next_steps(loaded), nl=False)
    if problems or form is not Format.TEXT:
        finish(problems, form)
    raise SystemExit(ExitCode.FINE)


def _term_problems(loaded: list[Loaded]) -> list[Diagnostic]:
    from arctic_training.lint.linter import term_problems  # with types alone

    return term_problems(loaded)


def _remember(
    definitions: list[Path],
    output: Path | None,
    loaded: list[Loaded],
    generations: list[Generation],
    began: float,
) -> None:
    """Keep what was seen, for a next run that has nothing to do."""
    read: set[Path] = {path for item in loaded for path in (*item.files, recipe_path(item.path))}
    made: dict[Path, str] = {}
    folders: set[Path] = set()
    said = ""
    for generation in generations:
        root = generation.project.generated
        if any(change.kind is Kind.UNKNOWN for change in generation.changes):
            return
        texts = {root / c.path: c.after for c in generation.changes if c.after is not None}
        made |= texts | generation.starters | {generation.project.manifest: generation.manifest}
        records = Manifest.read(generation.project.manifest).trainers.values()
        read |= {generation.project.root / record.definition for record in records}
        folders |= {root, *(path.parent for path in texts)}
        own = generation.project.templates
        read |= {template.own for template in templates(generation.project)}
        folders |= {own} if own.is_dir() else set()
        read |= {own} if not own.is_dir() else set(own.glob("*.j2"))
        said += _kept(len(texts))
    modules = {
        named.path.module: import_roots(item.project)
        for item in loaded
        for named in item.spec.hand_written
    }
    read |= {file for module, roots in modules.items() if (file := module_file(module, roots))}
    said += _next_steps(loaded)
    seen = Seen(
        read=read - made.keys(),
        made=made,
        folders=folders,
        documents={item.path.resolve().parent for item in loaded},
        modules=modules,
        said=said,
    )
    remember(definitions, output, seen, began)


def _next_steps(loaded: list[Loaded]) -> str:
    return "".join(
        f"try it: arctic-gen test {item.spec.name}\n"
        f"train it: arctic-train {shown_path(recipe_path(item.path))}\n"
        for item in loaded
    )


def _kept(count: int) -> str:
    if count == 1:
        return "1 generated file stays as it is\n"
    return f"{count} generated files stay as they are\n" if count else ""


def _tell(generation: Generation, begun: list[Path], *, dry_run: bool, show_diff: bool) -> None:
    would = "would " if dry_run else ""
    root = shown_path(generation.project.generated)
    said = ""
    for change in generation.changes:
        if change.kind is not Kind.KEEP:
            said += f"{would}{_verb(change)} {root}/{change.path}\n"
            said += diff(change) if show_diff else ""
    for path in begun:
        said += f"{would}begin {shown_path(path)}, which is yours\n"
    kept = sum(change.kind is Kind.KEEP for change in generation.changes)
    click.echo(said + _kept(kept), nl=False)


def _tell_of_manifest(generation: Generation, *, dry_run: bool) -> None:
    """Say that the manifest was changed by somebody else, and is as the files are now."""
    if generation.is_manifest_altered:
        place = shown_path(generation.project.manifest)
        verb = "would be" if dry_run else "is"
        click.echo(f"{place} was edited: it {verb} rebuilt from the files", err=True)


def _verb(change: FileChange) -> str:
    match change.kind:
        case Kind.EDITED:
            return "overwrite"
        case Kind.UNKNOWN:
            return "leave alone, as it is not ours,"
        case kind:
            return kind.value
