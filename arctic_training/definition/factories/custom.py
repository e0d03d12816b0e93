"""Factories of the user's: defined in place in a definition, or shared by those of a project.

The section of each has the keys of the built-in factory that it extends, and keys of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

from arctic_training.config.foreign import foreign_type
from arctic_training.config.slots import ImportPath, Slot
from arctic_training.definition.definition import FactorySpec, HandWritten, Place, UserFactory
from arctic_training.definition.factories.builtin import built_in_document, built_in_factories
from arctic_training.definition.fields.keywords import described, entries_of
from arctic_training.definition.fields.schema_reader import SchemaReader
from arctic_training.definition.fields.types import FieldSpec, with_field_class_names
from arctic_training.definition.importable import read_import_path
from arctic_training.definition.names import camel_case
from arctic_training.diagnostics import Diagnostic, Related, Source, Span, known_words, nearest
from arctic_training.document import JSON, MapNode, find, key_span, plain, value_span
from arctic_training.project.locations import FACTORY_NAMESPACE, package_name
from arctic_training.validation.shipped_schemas import schema

__all__ = ["ReadFactory", "read_factory", "resolved_factory", "unknown_factory"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFactory:
    """A factory of the user's as it is written; what is missing was reported."""

    slot: Slot
    name: str
    place: Place
    base: FactorySpec | None
    hand_written: HandWritten | None
    config: str
    config_span: Span
    description: JSON
    fields: tuple[FieldSpec, ...]
    is_shared: bool


def read_factory(
    reader: SchemaReader,
    slot: Slot,
    node: MapNode,
    own: Source,
    shared_as: tuple[str, Span] | None = None,
) -> ReadFactory:
    """Read a factory, which is in place in a definition, or shared under a name.

    ``own`` is the text of the definition itself, ``shared_as`` the name with its place.
    """
    name = shared_as[0] if shared_as else _text(node, "name")
    key = shared_as[1] if shared_as else value_span(node, ("name",))
    base_name = _text(node, "extends")
    base = built_in_factories()[slot.kind].get(base_name)
    properties = find(node, ("config_type", "properties"))
    place = key_span(node, ("config_type",))
    read = reader.limited_fields(properties, place, base.config.name if base else "")
    factory = ReadFactory(
        slot=slot,
        name=name,
        place=Place(key, node.span),
        base=base,
        hand_written=read_import_path(find(node, ("class",)), "factory", reader.findings),
        config=_config_name(node, name, slot),
        config_span=value_span(node, ("config_type", "name")),
        description=plain(described_as) if (described_as := find(node, ("description",))) else None,
        fields=read.fields,
        is_shared=shared_as is not None,
    )
    reader.findings += _problems(factory, node, base_name)
    if not shared_as and node.span.source.path != own.path:
        reader.findings.append(_taken_over(factory, own.start()))
    return factory


def resolved_factory(read: ReadFactory, module: str) -> FactorySpec | None:
    """Return a factory that has been read; None where a part of it is wrong.

    ``module`` is where the section of one that is defined in place will be.
    """
    is_taken = read.name in built_in_factories()[read.slot.kind]
    if not read.base or not read.hand_written or not read.name or is_taken:
        return None
    package = f"{read.slot.kind}_{package_name(read.name)}" if read.is_shared else ""
    owner = read.config.removesuffix("Config")
    otherwise = f"Section of the {read.slot.kind} factory `{read.name}`."
    return FactorySpec(
        name=read.name,
        factory=read.hand_written.path,
        config=ImportPath(
            f"{FACTORY_NAMESPACE}.{package}.config" if package else module, read.config
        ),
        batch=read.base.batch,
        own=UserFactory(
            base=read.base,
            hand_written=read.hand_written,
            description=described(read.description, otherwise),
            fields=with_field_class_names(read.fields, owner.__add__),
            place=read.place,
            config_span=read.config_span,
            package=package,
        ),
    )


def unknown_factory(name: str, span: Span, slot: Slot, known: set[str]) -> Diagnostic:
    """Return the error for a name that no factory of the slot has."""
    meant = nearest(name, known)
    return Diagnostic(
        code="unknown-factory",
        message=f"unknown {slot.noun} `{name}`",
        span=span,
        suggestion=meant,
        help="" if meant else _of_other_tool(name) or f"known here: {known_words(known)}",
    )


def _of_other_tool(name: str) -> str:
    """Return which factory a name of another tool stands for; empty if there is none."""
    advice = foreign_type(name).replace("`type: ", "`")
    return advice if advice and "`name: " not in advice else ""


def _problems(factory: ReadFactory, node: MapNode, base_name: str) -> Iterator[Diagnostic]:
    """Find an unknown base, and names that a built-in factory, its section or its keys have."""
    slot, known = factory.slot, built_in_factories()[factory.slot.kind]
    if base_name and not factory.base:
        problem = unknown_factory(base_name, value_span(node, ("extends",)), slot, set(known))
        yield replace(problem, message=f"unknown built-in {slot.noun} `{base_name}`")
    if factory.name in known:
        place = key_span(built_in_document(), (slot.kind, factory.name))
        yield Diagnostic(
            code="name-taken",
            message=f"duplicate {slot.noun} `{factory.name}`: it is built in",
            span=factory.place.key,
            related=(Related("taken here", place),),
        )
    if factory.config in _sections():
        message = f"duplicate config class `{factory.config}`: a built-in section has this name"
        yield Diagnostic(code="name-taken", message=message, span=factory.config_span)
    yield from _keys_of_base(factory, node, base_name)


def _keys_of_base(factory: ReadFactory, node: MapNode, base_name: str) -> Iterator[Diagnostic]:
    """Find fields called as a key of the section that they are added to."""
    base = factory.base.config.name if factory.base else ""
    keys = cast("dict[str, JSON]", _sections()[base]["properties"]) if base else {}
    former = {field.name: field.renamed_from for field in factory.fields}
    for name, entry in entries_of(find(node, ("config_type", "properties"))).items():
        for key in {name, *former.get(name, ())} & keys.keys():
            message = f"`{key}` is a reserved field name: sections of `{base_name}` have that key"
            yield Diagnostic(code="reserved-name", message=message, span=entry.key)


def _taken_over(factory: ReadFactory, definition: Span) -> Diagnostic:
    """Refuse a factory that another definition defines in place: its section is that one's."""
    return Diagnostic(
        code="not-supported",
        message=f"`{factory.name}` is defined in place, for one trainer only",
        span=factory.place.value,
        related=(Related("inherited by this definition", definition),),
        help="put it into the project's factories.yaml, for all definitions that name it",
    )


def _config_name(node: MapNode, name: str, slot: Slot) -> str:
    given = find(node, ("config_type", "name"))
    named = plain(given) if given else None
    return str(named) if named else camel_case(name) + slot.config_base.name


def _text(node: MapNode, key: str) -> str:
    """Return the string under a key; empty where there is none."""
    found = find(node, (key,))
    value = plain(found) if found else None
    return value if isinstance(value, str) else ""


def _sections() -> dict[str, dict[str, JSON]]:
    root = schema("sections.schema.json").root
    return cast("dict[str, dict[str, JSON]]", root["definitions"])
