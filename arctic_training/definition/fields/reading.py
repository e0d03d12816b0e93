"""Config fields of a definition: JSON Schema to types."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from arctic_training.definition.fields.json_types import json_schema
from arctic_training.definition.fields.keywords import (
    LISTED,
    NUMERIC,
    TEXTUAL,
    alternatives,
    constants_of,
    described,
    followed,
    keywords,
    names_of,
    nested_kind,
    tag_of,
)
from arctic_training.definition.fields.types import (
    MISSING,
    ChoiceType,
    FieldSpec,
    FieldType,
    Limits,
    ListType,
    MapType,
    Missing,
    NullableType,
    ObjectType,
    ScalarKind,
    ScalarType,
    TaggedType,
    TupleType,
    UnionType,
)
from arctic_training.definition.names import camel_case
from arctic_training.definition.references import target
from arctic_training.document import JSON, MapNode, Node, Pointer, find, plain
from arctic_training.validation import Schema, completed

__all__ = ["FieldReader"]


@dataclass(frozen=True, slots=True)
class FieldReader:
    """Reads the fields of a checked definition, whose references lead to places in it.

    ``owner`` begins the names of all models that nested objects need.
    """

    document: Node
    owner: str

    def fields(self, pointer: Pointer, prefix: str = "") -> tuple[FieldSpec, ...]:
        """Return the fields of the ``properties`` at a place, without the nested sections."""
        properties = find(self.document, pointer)
        entries = properties.entries if isinstance(properties, MapNode) else {}
        names = [name for name, entry in entries.items() if not nested_kind(entry.value)]
        return tuple(self._field(name, (*pointer, name), prefix or self.owner) for name in names)

    def type(self, pointer: Pointer, class_name: str = "") -> FieldType:
        """Return the type that the schema at a place describes; an object is called so."""
        return self._type(keywords(self.document, pointer), pointer, class_name)

    def _field(self, name: str, pointer: Pointer, prefix: str) -> FieldSpec:
        kind = self.type(pointer, prefix + camel_case(name))
        schema = keywords(self.document, pointer)
        described_at, default_at = self._nearest("description", pointer), pointer
        default: JSON | Missing = MISSING
        if default_at := self._nearest("default", pointer):
            default = self._default(default_at, kind)
        elif "const" in schema:
            default = schema["const"]
        description = keywords(self.document, described_at) if described_at else {}
        former, deprecated = names_of(schema)
        text = described(description)
        return FieldSpec(name, kind, text, default, pointer, former, deprecated)

    def _nearest(self, keyword: str, pointer: Pointer) -> Pointer:
        """Return where a field has a keyword: itself, or what it refers to; else nowhere."""
        while find(self.document, (*pointer, keyword)) is None:
            if (reference := find(self.document, (*pointer, "$ref"))) is None:
                return ()
            pointer = target(reference)
        return pointer

    def _default(self, pointer: Pointer, kind: FieldType) -> JSON:
        given = find(self.document, (*pointer, "default"))
        assert given is not None
        return plain(completed(given, Schema(cast("dict[str, JSON]", json_schema(kind)))))

    def _type(self, schema: dict[str, JSON], pointer: Pointer, class_name: str) -> FieldType:
        kind = schema.get("type")
        if isinstance(kind, list):
            named = next(str(k) for k in kind if k != "null")
            inner = self._type(schema | {"type": named}, pointer, class_name)
            return inner if isinstance(inner, NullableType) else NullableType(inner)
        if "const" in schema:
            return _choice([schema["const"]])
        if "enum" in schema:
            return _choice(cast("list[JSON]", schema["enum"]))
        if "format" in schema:
            return ScalarType(cast("ScalarKind", schema["format"]))
        match kind:
            case None:
                return self._composed(schema, pointer, class_name)
            case "array":
                return self._listed(schema, pointer, class_name)
            case "object":
                return self._object(schema, pointer, class_name)
            case _:
                limits = _limits(schema, (*NUMERIC, *TEXTUAL))
                return ScalarType(cast("ScalarKind", kind), limits)

    def _composed(self, schema: dict[str, JSON], pointer: Pointer, class_name: str) -> FieldType:
        if "$ref" in schema:
            place = followed(self.document, pointer)
            return self.type(place, self.owner + camel_case(str(place[-1])))
        if "oneOf" in schema:
            return self._tagged((*pointer, "oneOf"), class_name)
        return self._union((*pointer, "anyOf"), class_name)

    def _listed(self, schema: dict[str, JSON], pointer: Pointer, class_name: str) -> FieldType:
        items = schema["items"]
        below = (*pointer, "items")
        if isinstance(items, list):
            numbers = range(len(items))
            return TupleType(tuple(self.type((*below, n), f"{class_name}{n + 1}") for n in numbers))
        unique = schema.get("uniqueItems") is True
        return ListType(self.type(below, class_name), _limits(schema, LISTED), unique)

    def _object(
        self, schema: dict[str, JSON], pointer: Pointer, class_name: str
    ) -> ObjectType | MapType:
        if "additionalProperties" in schema and "properties" not in schema:
            return MapType(self.type((*pointer, "additionalProperties"), class_name))
        fields = self.fields((*pointer, "properties"), class_name)
        return ObjectType(f"{class_name}Config", described(schema), fields, pointer)

    def _tagged(self, pointer: Pointer, class_name: str) -> FieldType:
        tag = tag_of(self.document, pointer)
        members: dict[str, ObjectType] = {}
        for index, place in enumerate(alternatives(self.document, pointer)):
            value = dict(constants_of(self.document, place))[tag]
            member = self.type((*pointer, index), class_name + camel_case(value))
            members[value] = cast("ObjectType", member)
        return TaggedType(tag, members)

    def _union(self, pointer: Pointer, class_name: str) -> FieldType:
        count = len(cast("list[JSON]", plain(find(self.document, pointer) or self.document)))
        places = [(*pointer, index) for index in range(count)]
        some = [p for p in places if keywords(self.document, p).get("type") != "null"]
        kinds = [str(keywords(self.document, place).get("type")) for place in some]
        has_object = any("object" in kind for kind in kinds)
        members = tuple(
            self.type(place, f"{class_name}Item" if has_object and "array" in kind else class_name)
            for place, kind in zip(some, kinds, strict=True)
        )
        if any(_takes_text(member) for member in members):
            members = tuple(map(_bare, members))
        kind = UnionType(members) if len(members) > 1 else members[0]
        is_nullable = len(some) < len(places) and not isinstance(kind, NullableType)
        return NullableType(kind) if is_nullable else kind


def _takes_text(kind: FieldType) -> bool:
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


def _choice(options: list[JSON]) -> FieldType:
    given = [_whole(option) for option in options if option is not None]
    choice = ChoiceType(cast("tuple[str | int | bool, ...]", tuple(given)))
    return NullableType(choice) if None in options else choice


def _limits(schema: dict[str, JSON], names: tuple[str, ...]) -> Limits:
    return tuple(
        (name, cast("int | float | str", _whole(schema[name]))) for name in names if name in schema
    )


def _whole(value: JSON) -> JSON:
    """Return `1.0` as 1: JSON Schema makes no difference, Python does."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
