"""The stages load, read and resolve, in this order: files to definitions.

Nothing here imports a template engine, pydantic or torch: editors and CI run it on every change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from arctic_training.definition.definition import Definition
from arctic_training.definition.duplicate_names import place_of_name
from arctic_training.definition.importable import missing_from_module, unimportable, user_file
from arctic_training.definition.load import load_factories, load_tree
from arctic_training.definition.read import read
from arctic_training.definition.resolve import Stubber, resolve
from arctic_training.diagnostics import Diagnostic, Related, has_errors
from arctic_training.document import MapNode, load, shown_path
from arctic_training.project.locations import Project, package_name
from arctic_training.project.manifest import Manifest
from arctic_training.validation import joined

__all__ = [
    "Loaded",
    "by_project",
    "factories_problems",
    "read_definition",
    "read_definitions",
    "read_documents",
    "taken",
    "taken_names",
]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A definition that is right by itself."""

    path: Path
    project: Project
    spec: Definition
    files: tuple[Path, ...]
    """What was read: its own file, those that it extends, and those that it refers to."""

    inherited_loss: str = ""
    """The loss of the trainer that it extends."""


def read_definitions(
    paths: list[Path], *, output: Path | None = None, stubber: Stubber | None = None
) -> tuple[list[Loaded], list[Diagnostic]]:
    """Load, check and resolve definitions; a wrong one is in the second list only.

    With a ``stubber``, a function that its module lacks is reported with the code to paste.

    Raises:
        UnreadableError: a file cannot be read at all.
        ManifestError: the project's manifest cannot be read.

    """
    return read_documents(((path, *load(path)) for path in paths), output=output, stubber=stubber)


def read_documents(
    documents: Iterable[tuple[Path, MapNode | None, list[Diagnostic]]],
    *,
    output: Path | None = None,
    stubber: Stubber | None = None,
) -> tuple[list[Loaded], list[Diagnostic]]:
    """Check and resolve definitions whose files were parsed, as ``read_definitions`` does.

    Raises:
        UnreadableError: a file that one extends or refers to cannot be read.
        ManifestError: the project's manifest cannot be read.

    """
    loaded: list[Loaded] = []
    problems: list[Diagnostic] = []
    for path, document, parsed in documents:
        found = parsed
        if document is not None:
            project = Project.of(path, output=output)
            item, wrong = read_definition(document, path, project, stubber)
            found = joined(parsed, wrong)
            loaded += [item] if item and not has_errors(found) else []
        problems += found
    return loaded, [*problems, *taken_names(loaded)]


def read_definition(
    definition: MapNode, path: Path, project: Project, stubber: Stubber | None = None
) -> tuple[Loaded | None, list[Diagnostic]]:
    """Check and resolve a definition that was read from ``path``; without it, it is wrong.

    Raises:
        UnreadableError: a file that it extends or refers to cannot be read.
        ManifestError: the project's manifest cannot be read.

    """
    loaded, found = load_tree(definition, path, project)
    if loaded is None:
        return None, found
    reading, wrong = read(loaded.linked, loaded.text)
    spec, unresolved = resolve(reading, path, project, stubber)
    found = joined(joined(found, wrong), unresolved)
    if has_errors(found):
        return None, found
    return Loaded(path, project, spec, loaded.files, loaded.inherited_loss), found


def by_project(loaded: list[Loaded]) -> list[list[Loaded]]:
    """Return the definitions of each project together."""

    def place(item: Loaded) -> Path:
        return item.project.generated

    return [list(items) for _, items in groupby(sorted(loaded, key=place), place)]


def factories_problems(project: Project) -> list[Diagnostic]:
    """Return everything that is wrong with the factories that the definitions of a project share.

    Raises:
        UnreadableError: a file that they refer to cannot be read.

    """
    loaded, problems = load_factories(project)
    reading, found = read(loaded.linked, loaded.text)
    problems += found
    for named in reading.hand_written:
        file = user_file(named, project)
        problems += unimportable(named, file, project)
        lacking = missing_from_module(named, file)
        problems += [lacking] if lacking else []
    return problems


def taken_names(loaded: list[Loaded]) -> Iterator[Diagnostic]:
    """Find trainers that would be generated into the same package, now or before.

    Raises:
        ManifestError: the manifest of a project cannot be read.

    """
    first: dict[tuple[Path, str], Loaded] = {}
    before = {path: _generated_before(path) for path in {item.project.manifest for item in loaded}}
    for item in loaded:
        other = first.setdefault((item.project.generated, item.spec.package), item)
        if other is not item and other.path.resolve() != item.path.resolve():
            here = Related("taken here", other.spec.name_key)
            yield taken(item, f"{shown_path(other.path)} has it", (here,))
            continue
        definition = before[item.project.manifest].get(item.spec.package, item.spec.source)
        path = item.project.root / definition
        if definition != item.spec.source and path.exists():
            place = place_of_name(path, item.spec.package)
            related = (Related("taken here", place),) if place else ()
            reason = f"{definition} {'has it' if place else 'was generated under it'}"
            yield taken(item, reason, related)


def _generated_before(manifest: Path) -> dict[str, str]:
    """Return the definitions that packages were made from."""
    trainers = Manifest.read(manifest).trainers
    return {package_name(name): record.definition for name, record in trainers.items()}


def taken(item: Loaded, reason: str, related: tuple[Related, ...]) -> Diagnostic:
    """Return that a definition cannot have its name, with the place of the one that has it."""
    return Diagnostic(
        code="name-taken",
        message=f"duplicate trainer name `{item.spec.name}`: {reason}",
        span=item.spec.span_of("name"),
        related=related,
        help="give one of the two another name",
    )
