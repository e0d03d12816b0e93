"""Alternatives between which a value chooses: `anyOf`, and `oneOf` of objects with a tag."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from arctic_training.definition.fields.extent import Extent
from arctic_training.definition.fields.types import (
    ChoiceType,
    FieldType,
    NullableType,
    ObjectType,
    ScalarType,
    TaggedType,
    UnionType,
    with_class_names,
)
from arctic_training.definition.names import camel_case
from arctic_training.diagnostics import Diagnostic, Span
from arctic_training.document import Node

__all__ = ["Member", "member_name", "read_tagged", "read_union"]

_TAG: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*([_-][A-Za-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Member:
    """An alternative where it is written, with its type if that is known."""

    node: Node
    type: FieldType | None
    form: str
    extent: Extent


_Read: TypeAlias = tuple[FieldType | None, list[Diagnostic]]


def read_union(members: Sequence[Member], _key: Span, _name: str) -> _Read:
    """Return the type of an `anyOf`, and what a value could not choose between."""
    problems = [*_ambiguous(members), *_two_texts(members)]
    some = [member.type for member in members if member.form != "null"]
    types = tuple(kind for kind in some if kind)
    if not types or len(types) < len(some) or problems:
        return None, problems
    if any(map(_takes_text, types)):
        types = tuple(map(_bare, types))
    kind = UnionType(types) if len(types) > 1 else types[0]
    is_nullable = len(some) < len(members) and not isinstance(kind, NullableType)
    return (NullableType(kind) if is_nullable else kind), problems


def _ambiguous(members: Sequence[Member]) -> Iterator[Diagnostic]:
    """Find a second list, mapping or null, and alternatives of alternatives."""
    seen: set[str] = set()
    for member in members:
        if member.form in seen or member.form == "anyOf":
            what = "a nested `anyOf`" if member.form == "anyOf" else f"a second {member.form}"
            yield Diagnostic(
                code="not-supported",
                message=f"`anyOf` does not take {what}",
                span=member.node.span,
                help="put objects that a `const` tells apart into a `oneOf`",
            )
        seen |= {member.form} - {""}


def _two_texts(members: Sequence[Member]) -> Iterator[Diagnostic]:
    texts = [member for member in members if member.form == "" and _takes_text(member.type)]
    if len(texts) > 1 and any(_is_path(member.type) for member in texts):
        message = "`anyOf` does not take a path beside another string: they cannot be distinguished"
        yield Diagnostic(code="not-supported", message=message, span=texts[-1].node.span)


def _is_path(kind: FieldType | None) -> bool:
    inner = kind.inner if isinstance(kind, NullableType) else kind
    return isinstance(inner, ScalarType) and inner.kind == "path"


def _takes_text(kind: FieldType | None) -> bool:
    match kind:
        case NullableType(inner=inner):
            return _takes_text(inner)
        case ScalarType(kind=name):
            return name in {"string", "path", "uri"}
        case ChoiceType(options=options):
            return any(isinstance(option, str) for option in options)
        case _:
            return False


def _bare(kind: FieldType) -> FieldType:
    match kind:
        case NullableType(inner=inner):
            return NullableType(_bare(inner))
        case ScalarType(kind="integer" | "number"):
            return replace(kind, is_bare=True)
        case _:
            return kind


def read_tagged(members: Sequence[Member], key: Span, name: str) -> _Read:
    """Return the type of a `oneOf`, and why no constant tells its objects apart."""
    objects: list[ObjectType] = []
    for member in members:
        if isinstance(member.type, ObjectType):
            objects.append(member.type)
        elif member.type or member.form != "mapping":
            message = "`oneOf` takes objects with `properties`, and no null"
            return None, [_not_told_apart(member.node.span, message)]
    if len(objects) < len(members):
        return None, []
    tag = _tag_of(objects)
    if not tag:
        return None, [_not_told_apart(key, "no field tells these objects apart")]
    problems = [problem for kind in objects for problem in _bad_tag(kind, tag)]
    values = [_constants(kind)[tag] for kind in objects]
    tagged = {
        value: with_class_names(kind, _Renaming(member_name(name, index), name + camel_case(value)))
        for index, (value, kind) in enumerate(zip(values, objects, strict=True))
    }
    return TaggedType(tag, tagged), problems


def member_name(name: str, index: int) -> str:
    """Return what a member of a `oneOf` is called until its tag is known; no class is."""
    return f"{name}[{index}]"


@dataclass(frozen=True, slots=True)
class _Renaming:
    """Puts another beginning into the names of classes that have one."""

    old: str
    new: str

    def __call__(self, name: str) -> str:
        return self.new + name[len(self.old) :] if name.startswith(self.old) else name


def _constants(kind: ObjectType) -> dict[str, str]:
    """Return the fields of an object that are constant strings, with these."""
    return {
        field.name: option
        for field in kind.fields
        if field.is_constant and isinstance(field.type, ChoiceType)
        for option in field.type.options
        if isinstance(option, str)
    }


def _tag_of(objects: Sequence[ObjectType]) -> str:
    """Return the field whose constant distinguishes some objects, or an empty string."""
    constants = [_constants(kind) for kind in objects]
    for name in constants[0] if constants else ():
        values = [each.get(name) for each in constants]
        if None not in values and len(set(values)) == len(values):
            return name
    return ""


def _bad_tag(kind: ObjectType, tag: str) -> Iterator[Diagnostic]:
    field = next(field for field in kind.fields if field.name == tag)
    if not _TAG.fullmatch(_constants(kind)[tag]):
        message = "a constant that tells objects apart names a class: letters, digits, `_` and `-`"
        yield Diagnostic(code="reserved-name", message=message, span=field.span)


def _not_told_apart(span: Span, message: str) -> Diagnostic:
    hint = "give each a field of the same name with a `const` of its own, such as `type`"
    return Diagnostic(code="ambiguous-union", message=message, span=span, help=hint)
