"""The stages from plan to publish, in their order: definitions to generated packages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from arctic_training.codegen.changes import FileChange, Kind, compare, diff, edit_of
from arctic_training.codegen.editor import schema_changes
from arctic_training.codegen.formatting import lay_out
from arctic_training.codegen.plan import PlannedFile, plan
from arctic_training.codegen.publish import publish, write_once
from arctic_training.codegen.record import updated
from arctic_training.codegen.render import TemplateError, render
from arctic_training.codegen.scaffold import starter_files
from arctic_training.codegen.stubs import probe
from arctic_training.codegen.templates import template_problems
from arctic_training.codegen.verify import SourceMap, Staged, verify
from arctic_training.definition.editor_schema import schema_copy
from arctic_training.definition.stages import Loaded
from arctic_training.diagnostics import Diagnostic, Severity, Span, has_errors
from arctic_training.fs.confinement import confined
from arctic_training.fs.scratch_folder import scratch_folder
from arctic_training.project.locations import Project
from arctic_training.project.manifest import Manifest

__all__ = ["Generation", "begin", "generate", "save"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What would become of a project: nothing is written yet."""

    project: Project
    changes: list[FileChange]
    manifest: str
    starters: dict[Path, str]
    problems: list[Diagnostic] = field(default_factory=list)
    is_manifest_altered: bool = False
    """Whether the existing manifest was edited: it is rebuilt."""


def generate(loaded: list[Loaded], *, types: bool = True, force: bool = False) -> Generation:
    """Plan, render and verify the definitions of one project.

    Raises:
        ManifestError: the project's manifest cannot be read.
        TypeCheckError: the types cannot be checked.

    """
    project = loaded[0].project
    manifest = Manifest.read(project.manifest)
    problems = [*template_problems(project)]
    try:
        return _generated(loaded, manifest, problems, types=types, force=force)
    except TemplateError as error:
        return Generation(
            project=project,
            changes=[],
            manifest=manifest.text(),
            starters={},
            problems=[*problems, *error.problems],
        )


def _generated(
    loaded: list[Loaded],
    manifest: Manifest,
    known: list[Diagnostic],
    *,
    types: bool,
    force: bool,
) -> Generation:
    project = loaded[0].project
    starters, unclear = _starters(loaded)
    problems = [*known, *unclear]
    files = {item.path: plan(item.spec) for item in loaded}
    with _staged(loaded, files, starters, project) as (staged, texts, stubs):
        if types and not has_errors(problems):
            problems += verify([item.spec for item in loaded], staged, project)
    paths = {path: [file.path for file in planned] for path, planned in files.items()}
    record = updated(manifest, loaded, paths, texts)
    stale = set(manifest.files()) - set(record.files())
    changes = compare(texts, stale, manifest, project.generated)
    sources = ((item.path, item.spec.text.text) for item in loaded)
    changes += schema_changes(sources, project)
    if not force:
        problems += [_edited(change, loaded) for change in changes if change.kind == Kind.EDITED]
    return Generation(
        project=project,
        changes=changes,
        manifest=record.text(),
        starters=starters | stubs,
        problems=problems,
        is_manifest_altered=manifest.is_altered,
    )


def begin(loaded: list[Loaded]) -> list[Path]:
    """Write stubs of the functions that definitions name and that do not exist yet.

    The schema for editors is put where a definition names it. Return the stubs.

    Raises:
        TemplateError: a template of the project's own cannot be rendered.

    """
    written: list[Path] = []
    for item in loaded:
        text = item.spec.text.text
        for path, schema in schema_copy(item.path, text, item.project).items():
            write_once({confined(path, item.project.root): schema})
        starters, _ = _starters([item])
        stubs = {path: text for path, text in starters.items() if _is_code(path.name)}
        files = {item.path: plan(item.spec)}
        with _staged([item], files, stubs, item.project) as (_, _, laid_out):
            written += write_once(laid_out)
    return written


def save(generation: Generation) -> list[Path]:
    """Publish what was generated; return the files of the user's that were begun.

    Raises:
        UnsafePathError: a file lies outside of the project, by a link.

    """
    project = generation.project
    root = project.generated
    if not project.is_elsewhere:
        confined(root / "manifest.json", project.root)
    root.mkdir(parents=True, exist_ok=True)
    publish(generation.changes, generation.manifest, root)
    return write_once(generation.starters)


def _starters(loaded: list[Loaded]) -> tuple[dict[Path, str], list[Diagnostic]]:
    """Return the files of the user's to begin, and why others cannot be."""
    starters: dict[Path, str] = {}
    problems = []
    for item in loaded:
        for path, text, span in starter_files(item):
            if os.path.lexists(path):
                problems.append(_in_the_way(path, span))
            elif starters.setdefault(path, text) != text:
                problems.append(_begun_twice(path, span))
    return starters, problems


def _in_the_way(path: Path, span: Span) -> Diagnostic:
    what = "a link to nothing" if path.is_symlink() else "a folder"
    return Diagnostic(
        code="not-writable",
        message=f"{path.name} cannot be begun: {what} has its name",
        span=span,
        help="move it away, or write the file yourself",
    )


def _begun_twice(path: Path, span: Span) -> Diagnostic:
    return Diagnostic(
        code="not-importable",
        message=f"there is no {path.name} yet, and only one stub can be begun in it",
        span=span,
        help="write the file yourself, or name a module for each",
    )


@contextmanager
def _staged(
    loaded: list[Loaded],
    files: dict[Path, list[PlannedFile]],
    starters: dict[Path, str],
    project: Project,
) -> Iterator[tuple[Staged, dict[str, str], dict[Path, str]]]:
    """Write all code aside, laid out.

    Give the place, and by their paths the texts of all generated files and those of the stubs.
    """
    with scratch_folder() as folder:
        generated, stubs = folder / "generated", folder / "stubs"
        texts = {
            path: text
            for planned in files.values()
            for path, text in render(planned, project.templates).items()
        }
        _write({path: text for path, text in texts.items() if _is_code(path)}, generated)
        code = {path: text for path, text in starters.items() if _is_code(path.name)}
        _write({p.relative_to(project.root).as_posix(): t for p, t in code.items()}, stubs)
        probes = _probes(loaded)
        _write({path: text for path, (_, text) in probes.items()}, folder / "probes")
        lay_out(folder)
        begun = {path: _read(f"{stubs}/{path.relative_to(project.root)}") for path in code}
        maps = {
            generated / file.path: SourceMap(item.spec, file.spans)
            for item in loaded
            for file in files[item.path]
        }
        made = {folder / "probes" / path: source_map for path, (source_map, _) in probes.items()}
        laid_out = {path: _read(f"{generated}/{path}") for path in texts if _is_code(path)}
        yield Staged(generated, stubs, maps | made, frozenset(made)), texts | laid_out, begun


def _probes(loaded: list[Loaded]) -> dict[str, tuple[SourceMap, str]]:
    """Return modules that make the trainers of hand-written classes: mypy sees what these lack."""
    probes: dict[str, tuple[SourceMap, str]] = {}
    for spec in (item.spec for item in loaded):
        if own := spec.implementation:
            place = spec.span_of("implementation")
            spans = {"made": place, f"import {own.module}": place}
            probes[f"probe_of_{spec.package}.py"] = (SourceMap(spec, spans), probe(spec, own))
    return probes


def _is_code(path: str) -> bool:
    return path.endswith(".py")


def _edited(change: FileChange, loaded: list[Loaded]) -> Diagnostic:
    item = next((i for i in loaded if f"/{i.spec.package}/" in change.path), loaded[0])
    undone = "--force puts the generated file in its place" if change.is_link else ""
    return Diagnostic(
        code="edited",
        message=f"{item.project.generated.name}/{change.path} {edit_of(change)}",
        span=item.spec.name_key,
        severity=Severity.ERROR,
        help=undone or f"--force overwrites it, which undoes:\n{diff(change)}",
    )


def _write(texts: dict[str, str], folder: Path) -> None:
    for parent in dict.fromkeys(["", *(path.rpartition("/")[0] for path in texts)]):
        os.makedirs(f"{folder}/{parent}", exist_ok=True)  # noqa: PTH103 - often
    for path, text in texts.items():
        with open(f"{folder}/{path}", "w", encoding="utf-8") as file:  # noqa: PTH123 - often
            file.write(text)


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - often
        return file.read()
