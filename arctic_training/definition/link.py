"""For the stage load: what a definition shares with others; every reference then leads into it.

A `$ref` names one of the `definitions` of its own file (`#/definitions/x`) or of another file of
the project (`common.yaml#/definitions/x`). What other files bring in is put beside the
definition's own, with the places where it was written.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from arctic_training.config.slots import SLOTS
from arctic_training.definition.definition import FACTORIES
from arctic_training.definition.fields.keywords import entries_of
from arctic_training.definition.references import Reference, innermost_first, target
from arctic_training.definition.versions import upgraded
from arctic_training.diagnostics import Diagnostic, Severity, known_words, nearest
from arctic_training.document import (
    Entry,
    ListNode,
    MapNode,
    Node,
    Pointer,
    ScalarNode,
    UnreadableError,
    find,
    load,
)
from arctic_training.project.locations import Project
from arctic_training.validation import Schema, check_and_prune
from arctic_training.validation.shipped_schemas import schema

__all__ = ["Linked", "link"]

_MARK: Final = "#/definitions/"


@dataclass(frozen=True, slots=True)
class Linked:
    """A definition whose references lead to places in it."""

    tree: MapNode
    shared: tuple[Pointer, ...]
    """The places of the schemas that fields share, each after those that it is made of."""

    files: tuple[Path, ...]
    """What other files were read for it."""


def link(
    definition: MapNode, own: tuple[Path, ...], project: Project
) -> tuple[Linked, list[Diagnostic]]:
    """Return a definition with all that its references lead to, and those that lead nowhere.

    ``own`` are the files in which it was written: its own file, and those that it extends.
    """
    linker = _Linker(project.root, definition, own)
    entries = dict(definition.entries)
    for key in (*(slot.key for slot in SLOTS), "config_type"):
        if key in entries:
            entries[key] = Entry(entries[key].key, linker.field(entries[key].value))
    if "definitions" in entries:
        shared = linker.shared(entries["definitions"].value, ("definitions",))
        entries["definitions"] = Entry(entries["definitions"].key, shared)
    if FACTORIES in entries:
        entries[FACTORIES] = Entry(
            entries[FACTORIES].key, linker.factories(entries[FACTORIES].value)
        )
    linked = MapNode({**entries, **linker.others()}, definition.span)
    order, cycles = innermost_first(linker.graph)
    return Linked(linked, tuple(order), tuple(linker.files)), [*linker.problems, *cycles]


@dataclass
class _Linker:
    root: Path
    definition: MapNode
    own: tuple[Path, ...]
    files: dict[Path, MapNode | None] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    graph: dict[Pointer, list[Reference]] = field(default_factory=dict)

    def field(self, node: Node) -> Node:
        """Return a schema of a field with its references, and those below, led to their places."""
        if isinstance(node, ListNode):
            return ListNode(tuple(self.field(item) for item in node.items), node.span)
        if not isinstance(node, MapNode):
            return node
        below = {key: Entry(e.key, self._part(key, e.value)) for key, e in node.entries.items()}
        return MapNode(below, node.span)

    def fields(self, node: Node) -> MapNode:
        """Return schemas by name with all of their references led to their places."""
        below = {key: Entry(e.key, self.field(e.value)) for key, e in entries_of(node).items()}
        return MapNode(below, node.span)

    def shared(self, node: Node, place: Pointer) -> MapNode:
        """Return the schemas that others refer to, linked, and remember what each refers to."""
        below: dict[str, Entry] = {}
        for name, entry in entries_of(node).items():
            self.references = []
            below[name] = Entry(entry.key, self.field(entry.value))
            self.graph[(*place, name)] = self.references
        return MapNode(below, node.span)

    def factories(self, node: Node) -> MapNode:
        """Return shared factories, by kind and name, with the references of their fields led."""
        below = {key: Entry(e.key, self.fields(e.value)) for key, e in entries_of(node).items()}
        return MapNode(below, node.span)

    def others(self) -> dict[str, Entry]:
        """Return the entry that holds the definitions of the other files, linked."""
        linked: dict[str, Entry] = {}
        while waiting := [path for path in self.files if self._name(path) not in linked]:
            for path in waiting:
                document, name = self.files[path], self._name(path)
                shared = document.entries["definitions"].value if document else self.definition
                made = self.shared(
                    shared if document else MapNode({}, shared.span), ("linked", name)
                )
                linked[name] = Entry(shared.span, made)
        span = self.definition.span
        return {"linked": Entry(span, MapNode(linked, span))} if linked else {}

    def _name(self, path: Path) -> str:
        return Path(os.path.relpath(path, self.own[0].parent)).as_posix()

    def _part(self, key: str, node: Node) -> Node:
        match key:
            case "properties":
                return self.fields(node)
            case "items" | "additionalProperties" | "anyOf" | "oneOf" | "config_type":
                return self.field(node)
            case "$ref" if isinstance(node, ScalarNode) and isinstance(node.value, str):
                return self._reference(node)
            case _:
                return node

    def _reference(self, node: ScalarNode) -> Node:
        file, mark, name = str(node.value).partition(_MARK)
        if not mark:
            message = f"`{node.value}` is not a reference to a definition"
            return self._wrong(node, "not-supported", message, _HINT)
        home = Path(node.span.source.path).resolve()
        path = self._file(node, home.parent / file) if file else home
        if path is None:
            return node
        nothing = MapNode({}, node.span)
        document = self.definition if path in self.own else self.files.get(path, nothing)
        if document is None:
            return node
        known = set(entries_of(find(document, ("definitions",))))
        if name not in known:
            return self._missing(node, name, file, known)
        where = "definitions" if path in self.own else f"linked/{_escaped(self._name(path))}"
        led = ScalarNode(f"#/{where}/{name}", node.span)
        self.references.append(Reference(target(led), node.span))
        return led

    def _missing(self, node: ScalarNode, name: str, file: str, known: set[str]) -> Node:
        meant = nearest(name, known)
        problem = Diagnostic(
            code="unknown-definition",
            message=f"there is no definition `{name}`" + (f" in {file}" if file else ""),
            span=node.span,
            suggestion=f"{file}{_MARK}{meant}" if meant else "",
            help="" if meant else _what_is_known(name, known),
        )
        self.problems.append(problem)
        return node

    def _file(self, node: ScalarNode, path: Path) -> Path | None:
        """Read a file of shared fields; None where that is not allowed, or not possible."""
        if "://" in str(node.value) or not path.resolve().is_relative_to(self.root):
            message = f"`{node.value}` leads out of the project"
            self._wrong(node, "not-supported", message, _HINT)
            return None
        resolved = path.resolve()
        if resolved in {*self.own, *self.files}:
            return resolved
        try:
            self.files[resolved], found = load(resolved)
        except UnreadableError as error:
            self._wrong(node, "unknown-definition", str(error), "")
            return None
        self.problems += found
        document = self.files[resolved]
        if document:
            self.files[resolved] = self._checked(document)
        return resolved

    def _checked(self, document: MapNode) -> MapNode | None:
        """Return the valid part of a file of shared fields; None where it has none."""
        today, old = upgraded(document)
        newer = [problem for problem in old if problem.severity is Severity.ERROR]
        self.problems += newer
        if newer:
            return None
        sound, found = check_and_prune(today, _shared_schema())
        self.problems += found
        return sound if isinstance(sound, MapNode) and "definitions" in sound.entries else None

    def _wrong(self, node: ScalarNode, code: str, message: str, hint: str) -> Node:
        self.problems.append(Diagnostic(code=code, message=message, span=node.span, help=hint))
        return node


_HINT: Final = "a reference is written `#/definitions/name`, or with the path of a file before it"


def _shared_schema() -> Schema:
    """Return the schema of a file of which only the definitions are looked at."""
    root = schema("trainer.schema.json").root
    return Schema(
        {
            "properties": {"definitions": {"$ref": "#/definitions/shared"}},
            "required": ["definitions"],
            "definitions": root["definitions"],
        }
    )


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _what_is_known(name: str, known: set[str]) -> str:
    if known:
        return f"known there: {known_words(known)}"
    return f"add `{name}` to `definitions` at the top of that file"
