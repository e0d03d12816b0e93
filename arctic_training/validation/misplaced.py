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
from arctic_training.validation.violation import Violation

__all__ = ["by_cause"]

_MOST_NAMED: Final = 3


def by_cause(violations: list[Violation], document: Node, schema: Schema) -> list[Violation]:
    """Return violations with one in place of all that have the same cause."""
    if not any(each.kind == "unknown" or _is_factory(each) for each in violations):
        return violations
    violations = _renamed(violations, document, schema)
    for each in list(violations):
        if each in violations and (section := _empty(each, violations, document)):
            violations = section
    return _supplied(violations)


def _is_factory(violation: Violation) -> bool:
    return violation.diagnostic.code == "unknown-factory"


def _supplied(violations: list[Violation]) -> list[Violation]:
    """Leave out keys that are missing because they are somewhere else."""
    elsewhere = [each.ways for each in violations if each.ways]
    return [
        each
        for each in violations
        if each.kind != "missing"
        or not any(_begins(way, each.pointer) for ways in elsewhere for way in ways)
    ]


def _begins(way: Pointer, start: Pointer) -> bool:
    return way[: len(start)] == start


def _empty(
    violation: Violation, violations: list[Violation], document: Node
) -> list[Violation] | None:
    """Gather the keys after an empty section that belong into it, indented too little."""
    *above, name = violation.pointer
    parent, outer = find(document, tuple(above)), tuple(above)
    if not isinstance(parent, MapNode) or not _is_empty(find(parent, (name,))):
        return None
    target = violation.ways[0] if violation.ways else violation.pointer
    unknown = {each.pointer: each for each in violations if each.kind == "unknown"}
    after = [(*outer, key) for key in parent.entries][_place(parent, str(name)) + 1 :]
    inside = takewhile(lambda way: _belongs(unknown.get(way), target), after)
    below = [unknown[way] for way in inside]
    if not below:
        return None
    gone = {*map(id, below), id(violation)}
    kept = [each for each in violations if id(each) not in gone and each.pointer != target]
    return [*kept, _gathered(violation, below, target, parent)]


def _is_empty(node: Node | None) -> bool:
    return isinstance(node, ScalarNode) and node.value is None and not node.span.text.strip()


def _place(parent: MapNode, name: str) -> int:
    return list(parent.entries).index(name) if name in parent.entries else len(parent.entries)


def _belongs(violation: Violation | None, section: Pointer) -> bool:
    return violation is not None and any(way[:-1] == section for way in violation.ways)


def _gathered(
    section: Violation, below: list[Violation], target: Pointer, parent: MapNode
) -> Violation:
    name, keys = str(section.pointer[-1]), _listed(below)
    if section.kind == "unknown":
        outer = ".".join(map(str, target[:-1]))
        where = f"in `{outer}`" if outer else "at the top level"
        diagnostic = Diagnostic(
            code="wrong-indentation",
            message=f"`{name}` is indented too far: it is a section {where}",
            span=section.diagnostic.span,
            help=f"write `{name}:` {where}, and {keys} indented below it",
        )
    else:
        diagnostic = Diagnostic(
            code="wrong-indentation",
            message=f"`{below[0].pointer[-1]}` is a key of `{name}`, and is not indented below it",
            span=below[0].diagnostic.span,
            related=(Related("the section", parent.entries[name].key),),
            help=f"indent {keys} below `{name}`",
        )
    return Violation("value", section.pointer, diagnostic)


def _listed(violations: list[Violation]) -> str:
    names = [f"`{each.pointer[-1]}`" for each in violations]
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _renamed(violations: list[Violation], document: Node, schema: Schema) -> list[Violation]:
    """Find sections under the name of another one."""
    if not isinstance(document, MapNode):
        return violations
    for name in [*document.entries]:
        inside = [each for each in violations if each.pointer[0] == name and _is_foreign(each)]
        other = _looks_like(name, violations, document, schema) if inside else ""
        if other:
            swaps = other in document.entries
            gone = {name, other}
            kept = [each for each in violations if each.pointer[0] not in gone]
            found = _under_another(name, other, document, swaps=swaps)
            violations = [*kept, Violation("value", (name,), found)]
    return violations


def _is_foreign(violation: Violation) -> bool:
    return len(violation.pointer) > 1 and (violation.kind == "unknown" or _is_factory(violation))


def _looks_like(name: str, violations: list[Violation], document: MapNode, schema: Schema) -> str:
    """Return the section, itself missing or wrong, that a value would be right for."""
    value = document.entries[name].value
    if not isinstance(value, MapNode) or not value.entries:
        return ""
    wrong = {str(each.pointer[0]) for each in violations}
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
        help=f"swap the keys `{name}` and `{other}`" if swaps else f"rename it to `{other}`",
    )
