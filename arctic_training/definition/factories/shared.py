"""For the stage load: the factories that definitions share, read without importing anything.

They are in the project's ``factories.yaml``, and in that of each installed package which an
entry point of the group ``arctic_training.factories`` names.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from arctic_training.config.slots import SLOTS
from arctic_training.definition.definition import FACTORIES
from arctic_training.definition.factories.builtin import built_in_document, built_in_factories
from arctic_training.definition.fields.keywords import entries_of
from arctic_training.diagnostics import Diagnostic, Related, Span
from arctic_training.document import (
    Entry,
    ListNode,
    MapNode,
    UnreadableError,
    find,
    key_span,
    load,
    plain,
)
from arctic_training.project.locations import FACTORIES_FILE, Project, module_file, package_name
from arctic_training.validation import Schema, check_and_prune
from arctic_training.validation.shipped_schemas import schema

__all__ = ["SharedFactories", "shared_factories", "with_shared_factories"]

_GROUP: Final = "arctic_training.factories"


@dataclass
class SharedFactories:
    """Factories by kind and name, where they were read, and what is wrong with that."""

    kinds: dict[str, dict[str, Entry]] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)

    def node(self, span: Span) -> MapNode:
        """Return the factories as a part of a document."""
        kinds = {kind: Entry(span, MapNode(named, span)) for kind, named in self.kinds.items()}
        return MapNode(kinds, span)


def with_shared_factories(
    definition: MapNode, project: Project
) -> tuple[MapNode, list[Path], list[Diagnostic]]:
    """Return a definition with the factories that it can name, and the files that have a say.

    Installed packages are looked into for a name that nothing else here has.

    Raises:
        UnreadableError: a file of factories cannot be read.

    """
    shared = shared_factories(project, installed=False)
    if any(name not in shared.kinds.get(kind, ()) for kind, name in _unknown(definition)):
        shared = shared_factories(project)
    entry = Entry(definition.span, shared.node(definition.span))
    whole = MapNode({**definition.entries, FACTORIES: entry}, definition.span)
    return whole, shared.files, shared.problems


def shared_factories(project: Project, *, installed: bool = True) -> SharedFactories:
    """Return what the project shares, and the installed packages.

    Raises:
        UnreadableError: a file of factories cannot be read.

    """
    shared = SharedFactories(files=[project.factories])
    if project.factories.is_file():
        _add(project.factories, shared)
    for path in _installed() if installed else ():
        shared.files.append(path)
        _add(path, shared)
    return shared


def _unknown(definition: MapNode) -> Iterator[tuple[str, str]]:
    """Iterate over the kinds and names of factories that are neither built in nor defined here."""
    for slot in SLOTS:
        node = find(definition, (slot.key,))
        for item in node.items if isinstance(node, ListNode) else (node,) if node else ():
            name = plain(item)
            if isinstance(name, str) and name not in built_in_factories()[slot.kind]:
                yield slot.kind, name


def _installed() -> Iterator[Path]:
    from importlib.metadata import entry_points  # only names of other packages need it

    for point in sorted(entry_points(group=_GROUP), key=lambda point: point.name):
        file = module_file(point.module, tuple(map(Path, sys.path)))
        if file is None:
            message = f"the entry point `{point.name}` of {_GROUP} names no package"
            raise UnreadableError(f"{message}: `{point.value}`")
        yield file.with_name(FACTORIES_FILE)


def _add(path: Path, shared: SharedFactories) -> None:
    """Add the valid factories of a file; a name stands for one factory of a kind."""
    document, problems = load(path)
    shared.problems += problems
    if document is None:
        return
    sound, problems = check_and_prune(document, _shape())
    shared.problems += problems
    for kind, entry in entries_of(sound).items():
        known = shared.kinds.setdefault(kind, {})
        for name, factory in entries_of(entry.value).items():
            if (first := _first(kind, name, known)) is not None:
                shared.problems.append(_taken(name, kind, factory.key, first))
            else:
                known[name] = factory


def _first(kind: str, name: str, known: dict[str, Entry]) -> Span | None:
    """Return the place of the factory that has a name, or one that makes the same package."""
    if name in built_in_factories()[kind]:
        return key_span(built_in_document(), (kind, name))
    same = (
        entry.key for other, entry in known.items() if package_name(other) == package_name(name)
    )
    return next(same, None)


def _taken(name: str, kind: str, span: Span, first: Span) -> Diagnostic:
    return Diagnostic(
        code="name-taken",
        message=f"duplicate {kind} factory `{name}`",
        span=span,
        related=(Related("taken here", first),),
    )


@cache
def _shape() -> Schema:
    root = schema("trainer.schema.json").root
    return Schema(
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {s.kind: {"$ref": "#/definitions/shared_factories"} for s in SLOTS},
            "definitions": root["definitions"],
        }
    )
