"""Sections and keys in the wrong place: one cause, one message.

A section that is indented wrongly, or has another section's name, breaks several rules at once:
its keys are unknown where they are, and missing where they belong.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Final

from arctic_training.diagnostics import Diagnostic, Related
from arctic_training.document.node import MapNode, Node, Pointer, ScalarNode, find, plain
from arctic_training.validation.schema import Schema
from arctic_training.validation.violation import Complaint

__all__ = ["by_cause"]

_MOST_NAMED: Final = 3


def by_cause(complaints: list[Complaint], document: Node, schema: Schema) -> list[Complaint]:
    """Return complaints with one in place of all that have the same cause."""
    if not any(each.kind == "unknown" or _is_factory(each) for each in complaints):
        return complaints
    complaints = _renamed(complaints, document, schema)
    for each in list(complaints):
        if each in complaints and (section := _empty(each, complaints, document)):
            complaints = section
    return _supplied(complaints)


def _is_factory(complaint: Complaint) -> bool:
    return complaint.diagnostic.code == "unknown-factory"


def _supplied(complaints: list[Complaint]) -> list[Complaint]:
    """Leave out keys that are missing because they are somewhere else."""
    elsewhere = [each.ways for each in complaints if each.ways]
    return [
        each
        for each in complaints
        if each.kind != "missing"
        or not any(_begins(way, each.pointer) for ways in elsewhere for way in ways)
    ]


def _begins(way: Pointer, start: Pointer) -> bool:
    return way[: len(start)] == start


def _empty(
    complaint: Complaint, complaints: list[Complaint], document: Node
) -> list[Complaint] | None:
    """Gather the keys after an empty section that belong into it, indented too little."""
    *above, name = complaint.pointer
    parent, outer = find(document, tuple(above)), tuple(above)
    if not isinstance(parent, MapNode) or not _is_empty(find(parent, (name,))):
        return None
    target = complaint.ways[0] if complaint.ways else complaint.pointer
    unknown = {each.pointer: each for each in complaints if each.kind == "unknown"}
    after = [(*outer, key) for key in parent.entries][_place(parent, str(name)) + 1 :]
    inside = takewhile(lambda way: _belongs(unknown.get(way), target), after)
    below = [unknown[way] for way in inside]
    if not below:
        return None
    gone = {*map(id, below), id(complaint)}
    kept = [each for each in complaints if id(each) not in gone and each.pointer != target]
    return [*kept, _gathered(complaint, below, target, parent)]


def _is_empty(node: Node | None) -> bool:
    return isinstance(node, ScalarNode) and node.value is None and not node.span.text.strip()


def _place(parent: MapNode, name: str) -> int:
    return list(parent.entries).index(name) if name in parent.entries else len(parent.entries)


def _belongs(complaint: Complaint | None, section: Pointer) -> bool:
    return complaint is not None and any(way[:-1] == section for way in complaint.ways)


def _gathered(
    section: Complaint, below: list[Complaint], target: Pointer, parent: MapNode
) -> Complaint:
    name, keys = str(section.pointer[-1]), _listed(below)
    if section.kind == "unknown":
        outer = ".".join(map(str, target[:-1]))
        where = f"in `{outer}`" if outer else "at the top level"
        diagnostic = Diagnostic(
            code="wrong-indentation",
            message=f"`{name}` is indented too far: it is a section {where}",
            span=section.diagnostic.span,
            hint=f"write `{name}:` {where}, and {keys} indented below it",
        )
    else:
        diagnostic = Diagnostic(
            code="wrong-indentation",
            message=f"`{below[0].pointer[-1]}` is a key of `{name}`, and is not indented below it",
            span=below[0].diagnostic.span,
            related=(Related("the section", parent.entries[name].key),),
            hint=f"indent {keys} below `{name}`",
        )
    return Complaint("value", section.pointer, diagnostic)


def _listed(complaints: list[Complaint]) -> str:
    names = [f"`{each.pointer[-1]}`" for each in complaints]
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _renamed(complaints: list[Complaint], document: Node, schema: Schema) -> list[Complaint]:
    """Find sections under the name of another one."""
    if not isinstance(document, MapNode):
        return complaints
    for name in [*document.entries]:
        inside = [each for each in complaints if each.pointer[0] == name and _is_foreign(each)]
        other = _looks_like(name, complaints, document, schema) if inside else ""
        if other:
            swaps = other in document.entries
            gone = {name, other}
            kept = [each for each in complaints if each.pointer[0] not in gone]
            found = _under_another(name, other, document, swaps=swaps)
            complaints = [*kept, Complaint("value", (name,), found)]
    return complaints


def _is_foreign(complaint: Complaint) -> bool:
    return len(complaint.pointer) > 1 and (complaint.kind == "unknown" or _is_factory(complaint))


def _looks_like(name: str, complaints: list[Complaint], document: MapNode, schema: Schema) -> str:
    """Return the section, itself missing or wrong, that a value would be right for."""
    value = document.entries[name].value
    if not isinstance(value, MapNode) or not value.entries:
        return ""
    wrong = {str(each.pointer[0]) for each in complaints}
    return next(
        (other for other in _sections(wrong - {name}, schema) if _fits(value, other, schema)), ""
    )


def _sections(names: set[str], schema: Schema) -> Iterator[str]:
    properties = schema.root.get("properties")
    yield from (key for key in properties if key in names) if isinstance(properties, dict) else ()


def _fits(value: MapNode, name: str, schema: Schema) -> bool:
    errors = schema.errors({name: plain(value)})
    return not any([*error.instance_path][:1] == [name] for error in errors)


def _under_another(name: str, other: str, document: MapNode, *, swaps: bool) -> Diagnostic:
    place = document.entries[name].key
    related = (Related("the other", document.entries[other].key),) if swaps else ()
    return Diagnostic(
        code="wrong-section",
        message=f"`{name}` holds what looks like a `{other}` section",
        span=place,
        related=related,
        hint=f"swap the keys `{name}` and `{other}`" if swaps else f"rename it to `{other}`",
    )
