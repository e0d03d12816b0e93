"""For the stage load: a definition with what it takes over from others; each value keeps its place.

A key of the definition replaces the other's. `config_type`, its `properties`, `metrics`,
`callbacks` and `definitions` are joined key by key instead, and so is a field of both, unless it
states its type again; null takes out what the other has. What belongs to one trainer alone is not
taken over: its name, its description and the name of its config class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from arctic_training.definition.versions import upgraded
from arctic_training.diagnostics import Diagnostic, Related, Span, has_errors, known_words, nearest
from arctic_training.document import (
    Entry,
    MapNode,
    Node,
    Pointer,
    ScalarNode,
    UnreadableError,
    find,
    load,
    plain,
    shown_path,
)
from arctic_training.project.locations import Project
from arctic_training.project.manifest import Manifest
from arctic_training.project.resources import resource
from arctic_training.validation import of_other_kind

__all__ = [
    "BUILT_IN",
    "MOST_EXTENDED",
    "Extended",
    "built_in_definitions",
    "extend",
    "known_definitions",
]

_NOT_TAKEN_OVER: Final = {"name", "description", "extends", "schema_version"}
_JOINED: Final[set[Pointer]] = {
    ("config_type",),
    ("config_type", "properties"),
    ("metrics",),
    ("callbacks",),
    ("definitions",),
}
_FIELDS: Final[set[Pointer]] = {("config_type", "properties"), ("definitions",)}
_TYPE_KEYWORDS: Final = {"type", "enum", "const", "$ref", "anyOf", "oneOf", "factory"}
_SUFFIXES: Final = {".yaml", ".yml", ".json"}

MOST_EXTENDED: Final = 64
"""Definitions in a chain of `extends`, beside the one that begins it."""

BUILT_IN: Final = "schemas/trainers"
"""Folders of the built-in trainers' definitions, in the package and in a checkout of it."""


@dataclass(frozen=True, slots=True)
class Extended:
    """A definition with what it takes over, and the files that both were read from."""

    tree: MapNode
    files: tuple[Path, ...]
    lacks_base: bool = False
    """Whether what it extends could not be read: what that would supply is missing."""

    inherited_loss: str = ""
    """The loss of the trainer that it extends."""


def extend(
    definition: MapNode, path: Path, project: Project
) -> tuple[Extended | None, list[Diagnostic]]:
    """Return a definition with what it extends, or None where it cannot be read at all.

    That is where it is a recipe, or of a version that is yet to come.

    Raises:
        ManifestError: the project's manifest cannot be read.

    """
    reader = _Reader(project, [path.resolve()])
    tree = reader.read(definition)
    if tree is None:
        return None, reader.problems
    if reader.lacks_base:
        tree = _by_itself(tree)
    loss = reader.inherited_loss
    return Extended(tree, tuple(reader.files), reader.lacks_base, loss), reader.problems


def known_definitions(project: Project) -> dict[str, Path]:
    """Return the definitions that can be extended by the names of their trainers.

    Raises:
        ManifestError: the project's manifest cannot be read.

    """
    records = Manifest.read(project.manifest).trainers
    own = {name: project.root / record.definition for name, record in records.items()}
    return {**built_in_definitions(), **own}


@cache
def built_in_definitions() -> Mapping[str, Path]:
    """Return the definitions of the built-in trainers by their names."""
    shipped = sorted(resource(BUILT_IN).glob("*.yaml"))
    return {p.stem: p for p in shipped if not p.stem.endswith(".recipe")}


@dataclass
class _Reader:
    project: Project
    files: list[Path]
    problems: list[Diagnostic] = field(default_factory=list)
    chain: list[Span] = field(default_factory=list)
    lacks_base: bool = False
    inherited_loss: str = ""

    def read(self, definition: MapNode) -> MapNode | None:
        """Return a definition as one of today's version, with what it extends."""
        if (other := of_other_kind(definition, "definition")) is not None:
            self.problems.append(other)
            return None
        today, found = upgraded(definition)
        self.problems += found
        return None if has_errors(found) else self.extended(today)

    def extended(self, definition: MapNode) -> MapNode:
        named = find(definition, ("extends",))
        if not isinstance(named, ScalarNode) or not isinstance(named.value, str):
            return definition
        base = self._base(named, named.value)
        if base is None:
            self.lacks_base = True
            return definition
        loss = find(base, ("loss",))
        self.inherited_loss = str(plain(loss)) if loss else ""
        gone = set[str]() if self.lacks_base else {"extends"}
        merged = _merged(_without(base, _NOT_TAKEN_OVER), _without(definition, gone), ())
        assert isinstance(merged, MapNode)
        return merged

    def _base(self, node: ScalarNode, name: str) -> MapNode | None:
        path = self._path(node, name)
        if path is None:
            return None
        if path in self.files:
            self._cycle(path, node.span)
            return None
        if len(self.chain) == MOST_EXTENDED:
            message = f"more than {MOST_EXTENDED} definitions extend each other in a chain"
            self._wrong(node, "out-of-range", message, "extend one that is nearer to the first")
            return None
        try:
            document, found = _shipped(path, Path.cwd()) if _is_shipped(path) else load(path)
        except UnreadableError as error:
            self._wrong(node, "unknown-definition", str(error))
            return None
        self.problems += found
        if document is None:
            return None
        self.files.append(path)
        self.chain.append(node.span)
        return self.read(document)

    def _path(self, node: ScalarNode, name: str) -> Path | None:
        if "/" in name or Path(name).suffix in _SUFFIXES:
            path = (Path(node.span.source.path).resolve().parent / name).resolve()
            if path.is_relative_to(self.project.root):
                return path
            self._wrong(node, "not-supported", f"`{name}` leads out of the project")
            return None
        known = known_definitions(self.project)
        if name not in known:
            meant = nearest(name, known)
            hint = "" if meant else f"known here: {known_words(known)}; or write a path to a file"
            self._wrong(node, "unknown-trainer", f"there is no trainer `{name}`", hint, meant)
            return None
        return known[name].resolve()

    def _cycle(self, path: Path, span: Span) -> None:
        turn = [*self.files[self.files.index(path) :], path]
        names = " -> ".join(shown_path(file) for file in turn)
        steps = self.chain[self.files.index(path) :]
        self.problems.append(
            Diagnostic(
                code="cycle",
                message=f"a definition extends itself: {names}",
                span=span,
                related=tuple(Related("by way of this", step) for step in steps),
            )
        )

    def _wrong(
        self, node: ScalarNode, code: str, message: str, hint: str = "", suggestion: str = ""
    ) -> None:
        problem = Diagnostic(
            code=code, message=message, span=node.span, help=hint, suggestion=suggestion
        )
        self.problems.append(problem)


def _is_shipped(path: Path) -> bool:
    return built_in_definitions().get(path.stem) == path


@cache
def _shipped(path: Path, _shown_from: Path) -> tuple[MapNode | None, list[Diagnostic]]:
    """Read a definition of the package, which many definitions may extend, once."""
    return load(path)


def _by_itself(node: MapNode, pointer: Pointer = ()) -> MapNode:
    """Return a definition without what makes sense only beside what it extends.

    That is null for a key of the other, and a field that does not say of which type it is.
    """
    kept: dict[str, Entry] = {}
    for key, entry in node.entries.items():
        value, here = entry.value, (*pointer, key)
        if pointer in _JOINED and plain(value) is None:
            continue
        if (
            pointer in _FIELDS
            and isinstance(value, MapNode)
            and not _TYPE_KEYWORDS & value.entries.keys()
        ):
            continue
        if here in _JOINED and isinstance(value, MapNode):
            value = _by_itself(value, here)
        kept[key] = Entry(entry.key, value)
    return MapNode(kept, node.span)


def _without(node: MapNode, keys: set[str]) -> MapNode:
    kept = {key: entry for key, entry in node.entries.items() if key not in keys}
    if (config := kept.get("config_type")) and isinstance(config.value, MapNode) and "name" in keys:
        kept["config_type"] = Entry(config.key, _without(config.value, {"name"}))
    return MapNode(kept, node.span)


def _merged(base: Node, own: Node, pointer: Pointer) -> Node:
    """Return a value with what it takes over from that of a base."""
    if not isinstance(base, MapNode) or not isinstance(own, MapNode):
        return own
    is_field = pointer[:-1] in _FIELDS
    joins = (
        not pointer or pointer in _JOINED or (is_field and not _TYPE_KEYWORDS & own.entries.keys())
    )
    if not joins:
        return own
    entries = dict(base.entries)
    for key, entry in own.entries.items():
        if key in entries and plain(entry.value) is None:
            del entries[key]
            continue
        under = base.entries.get(key)
        value = _merged(under.value, entry.value, (*pointer, key)) if under else entry.value
        entries[key] = Entry(entry.key, value)
    return MapNode(entries, own.span)
