"""The stage read: a linked tree to what a definition says, with its places, and findings.

The schema of definitions was the first source of findings: what it refuses is null here, and says
nothing more. This is the only pass over the tree; no later stage sees it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from arctic_training.config.slots import SLOTS, Slot
from arctic_training.definition.definition import FACTORIES, HandWritten, Place
from arctic_training.definition.factories.custom import ReadFactory, read_factory
from arctic_training.definition.fields.keywords import described, entries_of, items_of
from arctic_training.definition.fields.schema_reader import ReadFields, SchemaReader, texts_of
from arctic_training.definition.importable import read_import_path, reserved_name
from arctic_training.definition.link import Linked
from arctic_training.definition.names import RECIPE, REPORTED
from arctic_training.diagnostics import Diagnostic, Source, Span
from arctic_training.document import (
    Entry,
    MapNode,
    Node,
    ScalarNode,
    find,
    key_span,
    value_span,
)
from arctic_training.project.locations import package_name

__all__ = ["Callback", "Candidate", "Named", "Reading", "Section", "read"]

_FIELDS: Final = ("config_type", "properties")


@dataclass(frozen=True, slots=True)
class Named:
    """A name of a factory, and where it is written."""

    name: str
    span: Span


Candidate: TypeAlias = Named | ReadFactory
"""What a slot lists: the name of a factory, or one that is defined in place."""


@dataclass(frozen=True, slots=True)
class Section:
    """A nested section among the fields, ``{factory: model}``."""

    name: str
    kind: str
    key: Span
    description: str
    renamed_from: tuple[str, ...]
    deprecated: str


@dataclass(frozen=True, slots=True)
class Callback:
    """A function that a definition names for a moment of a run."""

    moment: str
    function: HandWritten


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a definition says; what is missing or was refused is empty."""

    text: Source
    span: Span
    places: Mapping[str, Place]
    name: str
    description: str
    coupling: str
    config_name: str
    config_span: Span
    fields: ReadFields
    fields_span: Span
    sections: tuple[Section, ...]
    slots: Mapping[str, tuple[Candidate, ...]]
    """By the key of each slot."""

    shared_factories: Mapping[str, Mapping[str, ReadFactory]]
    """By kind and name."""

    loss: HandWritten | None
    implementation: HandWritten | None
    metrics: Mapping[str, str]
    metric_keys: Mapping[str, Span]
    callbacks: tuple[Callback, ...]

    @property
    def hand_written(self) -> Iterator[HandWritten]:
        """Iterate over what the definition names of the user's, and the factories it could."""
        yield from filter(None, (self.loss, self.implementation))
        in_place = [each for listed in self.slots.values() for each in listed]
        shared = [each for kind in self.shared_factories.values() for each in kind.values()]
        for factory in (*in_place, *shared):
            if isinstance(factory, ReadFactory) and factory.hand_written:
                yield factory.hand_written
        yield from (callback.function for callback in self.callbacks)


def read(linked: Linked, own: Source) -> tuple[Reading, list[Diagnostic]]:
    """Read a linked definition to its end; ``own`` is its text, without what it extends."""
    tree = linked.tree
    schemas = SchemaReader()
    for place in linked.shared:
        *above, name = place
        entry = entries_of(find(tree, tuple(above)))[str(name)]
        schemas.share(place, entry)
    fields = _fields(tree, schemas)
    reading = Reading(
        text=own,
        span=tree.span,
        places={key: Place(entry.key, entry.value.span) for key, entry in tree.entries.items()},
        name=_text(tree, "name"),
        description=described(_text(tree, "description") or None),
        coupling=_text(tree, "coupling") or "sample",
        config_name=_text(tree, "config_type", "name"),
        config_span=value_span(tree, ("config_type", "name")),
        fields=fields,
        fields_span=value_span(tree, _FIELDS),
        sections=tuple(_sections(tree)),
        slots={slot.key: tuple(_candidates(tree, slot, schemas, own)) for slot in SLOTS},
        shared_factories={slot.kind: _shared(tree, slot, schemas, own) for slot in SLOTS},
        loss=read_import_path(find(tree, ("loss",)), "loss", schemas.findings),
        implementation=read_import_path(
            find(tree, ("implementation",)), "implementation", schemas.findings
        ),
        metrics=_metrics(tree, schemas.findings),
        metric_keys={n: entry.key for n, entry in entries_of(find(tree, ("metrics",))).items()},
        callbacks=tuple(_callbacks(tree, schemas.findings)),
    )
    schemas.findings += reserved_name(package_name(reading.name), value_span(tree, ("name",)))
    return reading, schemas.findings


def _text(tree: MapNode, *pointer: str) -> str:
    """Return the string at a place; empty where there is none."""
    found = find(tree, pointer)
    value = found.value if isinstance(found, ScalarNode) else None
    return value if isinstance(value, str) else ""


def _fields(tree: MapNode, schemas: SchemaReader) -> ReadFields:
    place = key_span(tree, ("config_type",))
    return schemas.limited_fields(find(tree, _FIELDS), place, RECIPE)


def _sections(tree: MapNode) -> Iterator[Section]:
    for name, entry in entries_of(find(tree, _FIELDS)).items():
        kind = find(entry.value, ("factory",))
        if isinstance(kind, ScalarNode) and isinstance(kind.value, str):
            said = entries_of(entry.value)
            yield Section(
                name=name,
                kind=kind.value,
                key=entry.key,
                description=described(
                    _value(said, "description"), f"A {kind.value} beside the one that is trained."
                ),
                renamed_from=texts_of(find(entry.value, ("renamed_from",))),
                deprecated=described(_value(said, "deprecated")),
            )


def _value(entries: Mapping[str, Entry], key: str) -> str | None:
    node = entries[key].value if key in entries else None
    value = node.value if isinstance(node, ScalarNode) else None
    return value if isinstance(value, str) else None


def _listed(node: Node | None) -> tuple[Node, ...]:
    """Return what a list holds, or the one value in its place."""
    return items_of(node) or ((node,) if node else ())


def _candidates(
    tree: MapNode, slot: Slot, schemas: SchemaReader, own: Source
) -> Iterator[Candidate]:
    for node in _listed(find(tree, (slot.key,))):
        if isinstance(node, MapNode):
            yield read_factory(schemas, slot, node, own)
        elif isinstance(node, ScalarNode) and isinstance(node.value, str):
            yield Named(node.value, node.span)


def _shared(
    tree: MapNode, slot: Slot, schemas: SchemaReader, own: Source
) -> dict[str, ReadFactory]:
    entries = entries_of(find(tree, (FACTORIES, slot.kind)))
    return {
        name: read_factory(schemas, slot, entry.value, own, (name, entry.key))
        for name, entry in entries.items()
        if isinstance(entry.value, MapNode)
    }


def _metrics(tree: MapNode, findings: list[Diagnostic]) -> dict[str, str]:
    metrics: dict[str, str] = {}
    entries = entries_of(find(tree, ("metrics",)))
    for name, entry in entries.items():
        metrics[name] = _value(entries, name) or ""
        if name in REPORTED:
            message = f"`{name}` is a reserved metric name"
            hint = "the runtime reports it at every step"
            findings.append(
                Diagnostic(code="reserved-name", message=message, span=entry.key, help=hint)
            )
    return metrics


def _callbacks(tree: MapNode, findings: list[Diagnostic]) -> Iterator[Callback]:
    for moment, entry in entries_of(find(tree, ("callbacks",))).items():
        for node in _listed(entry.value):
            if function := read_import_path(node, "callback", findings):
                yield Callback(moment, function)
