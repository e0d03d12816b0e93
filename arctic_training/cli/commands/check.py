"""``arctic-gen check``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NoReturn

import click

from arctic_training.cli.duplicate_names import rivals
from arctic_training.cli.output import TYPE_CHECKING_TEXT, finish
from arctic_training.codegen.changes import FileChange, Kind, edit_of, short_diff
from arctic_training.codegen.generator_lock import alone_in
from arctic_training.codegen.independent_check import schema_problems
from arctic_training.codegen.mypy_runner import TypeCheckError
from arctic_training.codegen.pipeline import generate
from arctic_training.codegen.scaffold import missing_modules
from arctic_training.codegen.stubs import pasted
from arctic_training.definition.stages import Loaded, by_project, read_definitions
from arctic_training.diagnostics import Diagnostic, Format, Source, has_errors
from arctic_training.document import shown_path
from arctic_training.lint.linter import term_problems
from arctic_training.project.locations import Project
from arctic_training.project.manifest import Manifest, ManifestError
from arctic_training.terminal.activity import activity
from arctic_training.validation import joined

__all__ = ["check"]

_DRIFT: Final = {
    Kind.CREATE: "is missing",
    Kind.UPDATE: "is not what its definition makes now",
    Kind.DELETE: "is orphaned: no definition makes it",
    Kind.UNKNOWN: "is unknown: it is in a generated package but was not generated",
}


def check(definitions: list[Path], *, types: bool, form: Format) -> NoReturn:
    """Compare what is generated with what the definitions make now; write nothing."""
    try:
        paths = definitions or _generated_before(Project.of(Path("here")))
        gone = [] if definitions else [path for path in paths if not path.exists()]
        problems = [_gone(path) for path in gone]
        roots = [Project.of(path).generated for path in paths]
        with activity(TYPE_CHECKING_TEXT if types else "comparing files"), alone_in(roots):
            there = [path for path in paths if path not in gone]
            loaded, found = read_definitions(there, stubber=pasted)
            found = joined([*rivals(loaded)], found)
            problems += found
            for part in () if has_errors(found) else by_project(loaded):
                problems += _drift(part, types=types)
                if types:
                    problems += [each for item in part for each in schema_problems(item)]
                missing = [problem for item in part for problem in _missing(item)]
                problems = joined(problems, missing or term_problems(part))
    except (TypeCheckError, ManifestError) as error:
        raise click.ClickException(str(error)) from error
    finish(problems, form, summary=_summary(len(loaded)))


def _generated_before(project: Project) -> list[Path]:
    trainers = Manifest.read(project.manifest).trainers
    if not trainers:
        raise click.ClickException(f"nothing was generated in {project.root} yet")
    return [project.root / record.definition for record in trainers.values()]


def _summary(count: int) -> str:
    what = "1 trainer is what its definition makes"
    return what if count == 1 else f"{count} trainers are what their definitions make"


def _drift(loaded: list[Loaded], *, types: bool) -> Iterator[Diagnostic]:
    generation = generate(loaded, types=types, force=True)
    yield from generation.problems
    if generation.is_manifest_altered:
        yield _altered(loaded[0])
    for change in generation.changes:
        if change.kind is not Kind.KEEP:
            yield _drifted(change, loaded)


def _altered(item: Loaded) -> Diagnostic:
    place = f"{item.project.generated.name}/{item.project.manifest.name}"
    return Diagnostic(
        code="drift",
        message=f"{place} is not as it was written",
        span=item.spec.name_key,
        help=f"`arctic-gen new-trainer {shown_path(item.path)}` regenerates it",
    )


def _drifted(change: FileChange, loaded: list[Loaded]) -> Diagnostic:
    owner = next((i for i in loaded if f"/{i.spec.package}/" in change.path), loaded[0])
    path = f"{owner.project.generated.name}/{change.path}"
    return Diagnostic(
        code="drift",
        message=f"{path} {_DRIFT.get(change.kind) or edit_of(change)}",
        span=owner.spec.name_key,
        help=_remedy(change, f"arctic-gen new-trainer {shown_path(owner.path)}"),
    )


def _remedy(change: FileChange, command: str) -> str:
    match change.kind:
        case Kind.UPDATE:
            return f"`{command}` regenerates it {short_diff(change)}"
        case Kind.EDITED:
            return f"`{command} --force` overwrites it {short_diff(change)}"
        case Kind.DELETE:
            return f"`{command}` removes it"
        case Kind.UNKNOWN:
            return "move it out of the generated package, or delete it: no command touches it"
        case _:
            return f"`{command}` makes it"


def _missing(item: Loaded) -> Iterator[Diagnostic]:
    """Find the modules of the user's that a definition names and that do not exist."""
    for named in missing_modules(item.spec, item.project):
        yield Diagnostic(
            code="not-importable",
            message=f"there is no module `{named.path.module}`",
            span=named.span,
            help=f"`arctic-gen new-trainer {shown_path(item.path)}` begins it",
        )


def _gone(path: Path) -> Diagnostic:
    project = Project.of(path)
    record = Source(f"{project.generated.name}/{project.manifest.name}", "")
    return Diagnostic(
        code="drift",
        message=f"the definition {path.relative_to(project.root).as_posix()} is gone",
        span=record.start(),
        help="its generated files are orphaned; generate another trainer to remove them",
    )
