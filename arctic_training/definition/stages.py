"""The stages from load to resolve, in their order: files to definitions that are right.

Nothing here imports a template engine, pydantic or torch: editors and CI run it on every change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from arctic_training.definition.check import check_meaning, check_shape
from arctic_training.definition.duplicate_names import place_of_name
from arctic_training.definition.expansion import expansion_problems
from arctic_training.definition.extend import BUILT_IN, built_in_definitions, extend
from arctic_training.definition.factories.shared import shared_factories, with_shared_factories
from arctic_training.definition.importable import unimportable
from arctic_training.definition.link import link
from arctic_training.definition.name_clashes import name_clashes
from arctic_training.definition.resolve import Stubber, resolve
from arctic_training.definition.specification import FACTORIES, TrainerSpec
from arctic_training.diagnostics import Diagnostic, Related, Source, has_errors
from arctic_training.document import Entry, MapNode, key_span, load, plain, shown_path, value_span
from arctic_training.project.locations import Project, package_name
from arctic_training.project.manifest import Manifest
from arctic_training.validation import joined

__all__ = [
    "Loaded",
    "by_project",
    "factories_problems",
    "read_definition",
    "read_definitions",
    "taken",
    "taken_names",
]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A definition that is right by itself."""

    path: Path
    project: Project
    spec: TrainerSpec
    written: MapNode
    """The definition as its file has it, without what it extends or refers to."""

    files: tuple[Path, ...]
    """What was read: its own file, those that it extends, and those that it refers to."""


def read_definitions(
    paths: list[Path], *, output: Path | None = None, stubber: Stubber | None = None
) -> tuple[list[Loaded], list[Diagnostic]]:
    """Load, check and resolve definitions; a wrong one is in the second list only.

    With a ``stubber``, a function that its module lacks is reported with the code to paste.

    Raises:
        UnreadableError: a file cannot be read at all.
        ManifestError: the project's manifest cannot be read.

    """
    loaded: list[Loaded] = []
    problems: list[Diagnostic] = []
    for path in paths:
        project = Project.of(path, output=output)
        definition, found = load(path)
        if definition is not None:
            item, wrong = read_definition(definition, path, project, stubber)
            found = joined(found, wrong)
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
    files: list[Path] = []
    spec, found = _understood(definition, path, project, files, stubber)
    item = Loaded(path, project, spec, definition, tuple(files)) if spec else None
    return item, found


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
    shared = shared_factories(project, installed=False)
    if shared.problems:
        return shared.problems
    start = Source(shown_path(project.factories), "").start()
    bare = MapNode({FACTORIES: Entry(start, shared.node(start))}, start)
    linked, problems = link(bare, [project.factories], project)
    lacking = (problem for problem, _ in unimportable(linked, project))
    return problems or [*expansion_problems(linked)] or [*check_meaning(linked), *lacking]


def _understood(
    definition: MapNode,
    path: Path,
    project: Project,
    files: list[Path],
    stubber: Stubber | None = None,
) -> tuple[TrainerSpec | None, list[Diagnostic]]:
    whole, own, found = extend(definition, path, project)
    files += own
    found = found if has_errors(found) else [*found, *check_shape(whole)]
    if has_errors(found):
        return None, found
    whole, shared, wrong = with_shared_factories(whole, project)
    linked, unlinked = link(whole, files, project)
    files += shared
    found += [*wrong, *unlinked] or [*expansion_problems(linked)] or check_meaning(linked)
    if has_errors(found):
        return None, found
    spec, wrong = resolve(linked, path, project, stubber)
    found += wrong or (name_clashes(spec) if spec else [])
    found += _built_in_name(linked, path, project)
    return (None if has_errors(found) else spec), found


def _built_in_name(definition: MapNode, path: Path, project: Project) -> Iterator[Diagnostic]:
    """Find a trainer that would stand in the way of a built-in one, and of all that extend that.

    A built-in one itself is that of this package, or of a checkout of another state of it.
    """
    name = str(plain(definition.entries["name"].value))
    known = {package_name(each): file.name for each, file in built_in_definitions().items()}
    file = known.get(package_name(name))
    if file and path.resolve() != project.root / BUILT_IN / file:
        yield Diagnostic(
            code="name-taken",
            message=f"the name `{name}` is taken: a built-in trainer has it",
            span=value_span(definition, ("name",)),
            hint=f"give the trainer a name of its own; `extends: {name}` takes over what it has",
        )


def taken_names(loaded: list[Loaded]) -> Iterator[Diagnostic]:
    """Find trainers that would be generated into the same package, now or before.

    Raises:
        ManifestError: the manifest of a project cannot be read.

    """
    first: dict[tuple[Path, str], Loaded] = {}
    before = {path: _generated_before(path) for path in {item.project.manifest for item in loaded}}
    for item in loaded:
        other = first.setdefault((item.project.generated, item.spec.package), item)
        if other.path.resolve() != item.path.resolve():
            at = key_span(other.spec.document, ("name",))
            yield taken(item, f"{shown_path(other.path)} has it", (Related("taken here", at),))
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
        message=f"the name `{item.spec.name}` is taken: {reason}",
        span=value_span(item.spec.document, ("name",)),
        related=related,
        hint="give one of the two another name",
    )
