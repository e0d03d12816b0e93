"""Factories of the user's: defined in place in a definition, or shared by those of a project.

The section of each has the keys of the built-in factory that it extends, and keys of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, cast

from arctic_training.config.foreign import foreign_type
from arctic_training.config.slots import SLOTS, ImportPath, Slot
from arctic_training.definition.factories.builtin import built_in_document, built_in_factories
from arctic_training.definition.fields.keywords import described, names_of
from arctic_training.definition.fields.reading import FieldReader
from arctic_training.definition.names import camel_case
from arctic_training.definition.specification import FACTORIES, FactorySpec, OwnFactory
from arctic_training.diagnostics import Diagnostic, Related, Span, known_words, nearest
from arctic_training.document import (
    JSON,
    ListNode,
    MapNode,
    Node,
    Pointer,
    find,
    key_span,
    plain,
    value_span,
)
from arctic_training.project.locations import FACTORY_NAMESPACE, package_name
from arctic_training.validation.shipped_schemas import schema

__all__ = [
    "base_section",
    "one_or_many",
    "own_factories",
    "own_factory",
    "own_factory_problems",
    "unknown_factory",
]

_PROPERTIES: Final = ("config_type", "properties")


def own_factories(document: Node) -> Iterator[tuple[Slot, Pointer]]:
    """Iterate over the places of all factories that a linked definition defines or can name."""
    for slot in SLOTS:
        for pointer, node in one_or_many(document, (slot.key,)):
            if isinstance(node, MapNode):
                yield slot, pointer
        shared = find(document, (FACTORIES, slot.kind))
        for name in shared.entries if isinstance(shared, MapNode) else ():
            yield slot, (FACTORIES, slot.kind, name)


def one_or_many(document: Node, place: Pointer) -> Iterator[tuple[Pointer, Node]]:
    """Iterate over what a definition lists at a place, or over the one thing that stands there."""
    node = find(document, place)
    if isinstance(node, ListNode):
        yield from (((*place, index), item) for index, item in enumerate(node.items))
    elif node is not None:
        yield place, node


def own_factory(document: Node, slot: Slot, pointer: Pointer, module: str) -> FactorySpec:
    """Return the factory at a place of a checked definition.

    ``module`` is where the section of one that is defined in place will be.
    """
    values = _values(document, pointer)
    name = _name(document, pointer)
    base = built_in_factories()[slot.kind][str(values["extends"])]
    config = _config_name(document, slot, pointer)
    package = f"{slot.kind}_{package_name(name)}" if pointer[0] == FACTORIES else ""
    owner = config.removesuffix("Config")
    return FactorySpec(
        name=name,
        factory=ImportPath.parse(str(values["class"])),
        config=ImportPath(f"{FACTORY_NAMESPACE}.{package}.config" if package else module, config),
        batch=base.batch,
        own=OwnFactory(
            base=base,
            description=described(values, f"Section of the {slot.kind} factory `{name}`."),
            fields=FieldReader(document, owner).fields((*pointer, *_PROPERTIES)),
            pointer=pointer,
            package=package,
        ),
    )


def base_section(document: Node, slot: Slot, pointer: Pointer) -> str:
    """Return the config class of the built-in factory that a factory extends, if there is one."""
    base = built_in_factories()[slot.kind].get(str(_values(document, pointer)["extends"]))
    return base.config.name if base else ""


def own_factory_problems(document: MapNode) -> Iterator[Diagnostic]:
    """Find what the schema cannot say about the user's factories in a linked definition."""
    for slot, pointer in own_factories(document):
        yield from _unknown_base(document, slot, pointer)
        yield from _taken_names(document, slot, pointer)
        if pointer[0] != FACTORIES:
            yield from _taken_over(document, pointer)


def unknown_factory(name: str, span: Span, slot: Slot, known: set[str]) -> Diagnostic:
    """Return the error for a name that no factory of the slot has."""
    meant = nearest(name, known)
    part = "checkpoint engine" if slot.is_list else f"{slot.kind} factory"
    return Diagnostic(
        code="unknown-factory",
        message=f"`{name}` is no {part}",
        span=span,
        suggestion=meant,
        hint="" if meant else _of_other_tool(name) or f"known here: {known_words(known)}",
    )


def _of_other_tool(name: str) -> str:
    """Return which factory a name of another tool stands for; empty if there is none."""
    advice = foreign_type(name).replace("`type: ", "`")
    return advice if advice and "`name: " not in advice else ""


def _unknown_base(document: Node, slot: Slot, pointer: Pointer) -> Iterator[Diagnostic]:
    base = find(document, (*pointer, "extends"))
    known = set(built_in_factories()[slot.kind])
    if base is not None and (name := str(plain(base))) not in known:
        problem = unknown_factory(name, base.span, slot, known)
        yield replace(problem, message=f"{problem.message} that is built in")


def _taken_names(document: Node, slot: Slot, pointer: Pointer) -> Iterator[Diagnostic]:
    """Find names that a built-in factory, its section or one of its keys has."""
    name, config = _name(document, pointer), _config_name(document, slot, pointer)
    if name in built_in_factories()[slot.kind]:
        place = key_span(built_in_document(), (slot.kind, name))
        yield Diagnostic(
            code="name-taken",
            message=f"there is a {slot.kind} factory `{name}` already",
            span=value_span(document, (*pointer, "name")),
            related=(Related("taken here", place),),
        )
    if config in _sections():
        message = f"the config class cannot be `{config}`: a built-in section is called so"
        span = value_span(document, (*pointer, "config_type", "name"))
        yield Diagnostic(code="name-taken", message=message, span=span)
    base_name = str(_values(document, pointer)["extends"])
    base = base_section(document, slot, pointer)
    keys = cast("dict[str, JSON]", _sections()[base]["properties"]) if base else {}
    own = find(document, (*pointer, *_PROPERTIES))
    for name, entry in own.entries.items() if isinstance(own, MapNode) else ():
        for key in {name, *names_of(_values(entry.value, ()))[0]} & keys.keys():
            message = f"a field cannot be called `{key}`: sections of `{base_name}` have that key"
            yield Diagnostic(code="reserved-name", message=message, span=entry.key)


def _taken_over(document: MapNode, pointer: Pointer) -> Iterator[Diagnostic]:
    """Refuse a factory that another definition defines in place: its section is that one's."""
    span = value_span(document, pointer)
    if span.source.path != document.span.source.path:
        yield Diagnostic(
            code="not-supported",
            message=f"`{_name(document, pointer)}` is defined in place, for one trainer alone",
            span=span,
            related=(Related("this definition takes it over", document.span),),
            hint="put it into the project's factories.yaml, for all definitions that name it",
        )


def _name(document: Node, pointer: Pointer) -> str:
    return str(pointer[-1] if pointer[0] == FACTORIES else _values(document, pointer)["name"])


def _config_name(document: Node, slot: Slot, pointer: Pointer) -> str:
    config = cast("dict[str, JSON]", _values(document, pointer).get("config_type", {}))
    default = camel_case(_name(document, pointer)) + slot.config_base.name
    return str(config.get("name", default))


def _values(document: Node, pointer: Pointer) -> dict[str, JSON]:
    node = find(document, pointer)
    assert node is not None, pointer
    return cast("dict[str, JSON]", plain(node))


def _sections() -> dict[str, dict[str, JSON]]:
    root = schema("sections.schema.json").root
    return cast("dict[str, dict[str, JSON]]", root["definitions"])
