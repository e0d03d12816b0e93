"""The schemas of config fields to types, in one pass; what is wrong becomes a finding.

Reading continues after a finding: a keyword that is wrong is left out of the type, and only what
cannot be known without it is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias, cast

from arctic_training.definition.fields.defaults import Default, read_default
from arctic_training.definition.fields.extent import MOST_VALUES, Extent
from arctic_training.definition.fields.keyword_checks import (
    OF_FIELD,
    OF_SHARED,
    keyword_problems,
    pattern_problem,
)
from arctic_training.definition.fields.keywords import (
    LIMITS,
    LISTED,
    WHOLE,
    Keywords,
    described,
    entries_of,
    items_of,
)
from arctic_training.definition.fields.lists import list_problems, tuple_problems
from arctic_training.definition.fields.property_names import property_name_problems
from arctic_training.definition.fields.types import (
    MISSING,
    ChoiceType,
    FieldSpec,
    FieldType,
    Limits,
    ListType,
    MapType,
    NullableType,
    ObjectType,
    ScalarKind,
    ScalarType,
    TupleType,
)
from arctic_training.definition.fields.unions import Member, member_name, read_tagged, read_union
from arctic_training.definition.names import camel_case
from arctic_training.definition.references import target
from arctic_training.diagnostics import Diagnostic, Span
from arctic_training.document import JSON, Entry, MapNode, Node, Pointer, ScalarNode, children

__all__ = ["ReadFields", "ReadSchema", "SchemaReader", "texts_of"]

_INNER: Final = {"items", "additionalProperties", "anyOf", "oneOf", "properties", "$ref"}
"""Keywords under which there are other schemas."""

_FORMS: Final = {"array": "list", "object": "mapping"}


@dataclass(frozen=True, slots=True)
class ReadSchema:
    """What a schema says; without a type, a part of it is wrong and was reported."""

    type: FieldType | None
    extent: Extent
    form: str = ""
    """`list`, `mapping`, `null` or `anyOf`, of which a union takes one; empty for the rest."""

    description: JSON = None
    default: Default | None = None


@dataclass(frozen=True, slots=True)
class ReadFields:
    """The fields of a class whose types are known, and whether those are all."""

    fields: tuple[FieldSpec, ...] = ()
    is_whole: bool = True
    extent: Extent = field(default_factory=lambda: Extent(1))


_Content: TypeAlias = tuple[FieldType | None, list[Extent]]
_UNKNOWN: Final = ReadSchema(None, Extent(1))


def texts_of(node: Node | None) -> tuple[str, ...]:
    """Return the strings that a list holds."""
    values = (getattr(item, "value", None) for item in items_of(node))
    return tuple(value for value in values if isinstance(value, str))


@dataclass
class SchemaReader:
    """Reads schemas whose references lead to shared ones, which are read before.

    The names of the models of nested objects begin where the class that has them is known.
    """

    findings: list[Diagnostic] = field(default_factory=list)
    shared: dict[Pointer, ReadSchema] = field(default_factory=dict)

    def share(self, place: Pointer, entry: Entry) -> None:
        """Read a schema that others refer to by its place."""
        found = self.schema(entry.value, camel_case(str(place[-1])), OF_SHARED)
        extent = self.within(found.extent, entry.key)
        kind = None if extent.is_reported else found.type
        self.shared[place] = replace(found, type=kind, extent=extent)

    def fields(self, properties: Node | None, prefix: str, *, extends: str = "") -> ReadFields:
        """Read the fields of a class; ``extends`` is the built-in class that it extends, if any."""
        entries = entries_of(properties)
        self.findings += property_name_problems(entries, extends)
        found: list[FieldSpec] = []
        extents: list[Extent] = []
        names = [
            name for name, entry in entries.items() if "factory" not in entries_of(entry.value)
        ]
        for name in names:
            read = self._field(name, entries[name], prefix, extents)
            found += [read] if read else []
        return ReadFields(tuple(found), len(found) == len(names), Extent.around(extents))

    def limited_fields(self, properties: Node | None, place: Span, extends: str) -> ReadFields:
        """Read the fields of a class; drop them if there are too many, which ``place`` shows."""
        read = self.fields(properties, "", extends=extends)
        if read.extent.values <= MOST_VALUES:
            return read
        excess = f"with all references followed, these are more than {MOST_VALUES} values"
        self.report("out-of-range", excess, place)
        return replace(read, fields=(), is_whole=False)

    def schema(
        self, node: Node, name: str = "", named: AbstractSet[str] = frozenset()
    ) -> ReadSchema:
        """Read a schema; an object in it is called by ``name``.

        ``named`` are the keywords that the schema may have because it has a name.
        """
        if not isinstance(node, MapNode):
            return _UNKNOWN
        keywords = Keywords(node)
        if keywords.value("type") == "null":
            return ReadSchema(None, Extent(2), "null")
        self.findings += keyword_problems(keywords, named)
        kind, extents = self._content(keywords, name)
        if kind and keywords.is_nullable and not isinstance(kind, NullableType):
            kind = NullableType(kind)
        extent = Extent.around(extents, values=_count_values(keywords))
        if extent.values > MOST_VALUES:
            kind = None  # the class reports it; until then its default must not be compared with it
        referred = self._referred(keywords)
        default = referred.default if referred else None
        if kind and "default" in named and (given := keywords.get("default")):
            default = self._default(given, kind)
        said = _description(keywords, referred)
        return ReadSchema(kind, extent, _form(keywords, referred), said, default)

    def within(self, extent: Extent, place: Span) -> Extent:
        """Return an extent; one beyond the limits is reported, once for all that refer to it."""
        if extent.is_reported or not extent.excess:
            return extent
        excess, hint = extent.excess
        self.report("out-of-range", f"with all references followed, {excess}", place, hint)
        return replace(extent, is_reported=True)

    def report(self, code: str, message: str, span: Span, hint: str = "") -> None:
        """Add a finding."""
        self.findings.append(Diagnostic(code=code, message=message, span=span, help=hint))

    def _field(
        self, name: str, entry: Entry, prefix: str, extents: list[Extent]
    ) -> FieldSpec | None:
        read = self.schema(entry.value, prefix + camel_case(name), OF_FIELD)
        extents.append(self.within(read.extent, entry.key))
        if read.type is None or extents[-1].is_reported or not isinstance(entry.value, MapNode):
            return None
        keywords = Keywords(entry.value)
        constant = keywords.value("const")
        written = read.default.node if read.default else keywords.get("const")
        default = read.default.value if read.default else constant
        return FieldSpec(
            name=name,
            type=read.type,
            description=described(read.description),
            default=MISSING if written is None else default,
            key=entry.key,
            written_default=written,
            renamed_from=texts_of(keywords.get("renamed_from")),
            deprecated=described(keywords.value("deprecated")),
            is_constant=constant is not None,
        )

    def _referred(self, keywords: Keywords) -> ReadSchema | None:
        reference = keywords.get("$ref")
        return self.shared.get(target(reference)) if reference else None

    def _default(self, given: Node, kind: FieldType) -> Default:
        default, problems = read_default(given, kind)
        self.findings += problems
        return default

    def _content(self, keywords: Keywords, name: str) -> _Content:
        """Return the type that a schema names, and the extents of the schemas in it."""
        whole = next((keyword for keyword in WHOLE if keyword in keywords), "")
        match whole or keywords.kind:
            case "$ref":
                referred = self._referred(keywords) or _UNKNOWN
                return referred.type, [
                    replace(referred.extent, references=referred.extent.references + 1)
                ]
            case "oneOf" | "anyOf":
                return self._alternatives(keywords, whole, name)
            case _ if "const" in keywords or "enum" in keywords:
                return _choice(keywords), []
            case "array":
                return self._listed(keywords, name)
            case "object":
                return self._object(keywords, name)
            case kind:
                return self._scalar(keywords, kind), []

    def _alternatives(self, keywords: Keywords, keyword: str, name: str) -> _Content:
        nodes = items_of(keywords.get(keyword))
        kinds = [Keywords(node).kind if isinstance(node, MapNode) else "" for node in nodes]
        has_object = "object" in kinds
        members: list[Member] = []
        for index, (node, kind) in enumerate(zip(nodes, kinds, strict=True)):
            called = f"{name}Item" if has_object and kind == "array" else name
            read = self.schema(node, member_name(name, index) if keyword == "oneOf" else called)
            members.append(Member(node, read.type, read.form, read.extent))
        reader = read_tagged if keyword == "oneOf" else read_union
        found, problems = reader(members, keywords.key(keyword), name)
        self.findings += problems
        return found, [Extent.around((member.extent for member in members), levels=1)]

    def _scalar(self, keywords: Keywords, kind: str) -> FieldType | None:
        if kind not in {"boolean", "integer", "number", "string"}:
            return None
        form = keywords.value("format")
        if kind == "string" and form is not None:
            return ScalarType(cast("ScalarKind", form))
        names = [each for each in LIMITS[kind] if each in keywords]
        if "pattern" in names and (problem := pattern_problem(keywords)):
            self.findings.append(problem)
            names.remove("pattern")
        return ScalarType(cast("ScalarKind", kind), _limits(keywords, names))

    def _listed(self, keywords: Keywords, name: str) -> _Content:
        items = keywords.get("items")
        if parts := items_of(items):
            read = [self.schema(part, f"{name}{n + 1}") for n, part in enumerate(parts)]
            self.findings += tuple_problems(keywords, len(parts))
            types = [each.type for each in read if each.type]
            extents = [Extent.around((each.extent for each in read), levels=1)]
            return (TupleType(tuple(types)) if len(types) == len(parts) else None), extents
        item = self.schema(items, name) if items else _UNKNOWN
        self.findings += list_problems(keywords, item.type, item.form)
        limits = _limits(keywords, (each for each in LISTED if each in keywords))
        unique = keywords.value("uniqueItems") is True
        found = ListType(item.type, limits, unique) if item.type else None
        return found, [item.extent.nested()]

    def _object(self, keywords: Keywords, name: str) -> _Content:
        extra, properties = keywords.get("additionalProperties"), keywords.get("properties")
        is_map = extra is not None and keywords.value("additionalProperties") is not False
        if is_map == ("properties" in keywords):
            self._unfinished(keywords)
        if "properties" in keywords:
            read = self.fields(properties, name)
            said = described(keywords.value("description"))
            made = ObjectType(f"{name}Config", said, read.fields, keywords.node.span)
            is_known = read.is_whole and isinstance(properties, MapNode)
            return (made if is_known else None), [read.extent.nested()]
        if extra is None or not is_map:
            return None, []
        value = self.schema(extra, name)
        return (MapType(value.type) if value.type else None), [value.extent.nested()]

    def _unfinished(self, keywords: Keywords) -> None:
        self.report(
            "missing-key",
            "an object has either `properties` or `additionalProperties`",
            keywords.span("type"),
            "`properties: {size: {type: number}}` names the keys, and "
            "`additionalProperties: {type: number}` takes any",
        )


def _form(keywords: Keywords, referred: ReadSchema | None) -> str:
    """Return what a schema is beside other alternatives."""
    if referred:
        return referred.form
    if "anyOf" in keywords:
        return "anyOf"
    return "mapping" if "oneOf" in keywords else _FORMS.get(keywords.kind, "")


def _description(keywords: Keywords, referred: ReadSchema | None) -> JSON:
    """Return what a schema says that it is for, or else what it refers to says."""
    if "description" in keywords or not referred:
        return keywords.value("description")
    return referred.description


def _count_values(keywords: Keywords) -> int:
    """Return the number of values in a schema that are not schemas."""
    return sum(_count(node) for key, node in children(keywords.node) if key not in _INNER)


def _count(node: Node) -> int:
    if isinstance(node, ScalarNode):
        return 1
    return 1 + sum(_count(below) for _, below in children(node))


def _choice(keywords: Keywords) -> FieldType | None:
    options = [keywords.value("const")] if "const" in keywords else keywords.value("enum")
    if not isinstance(options, list):
        return None
    given = [_whole(option) for option in options if option is not None]
    if not given:
        return None
    choice = ChoiceType(cast("tuple[str | int | bool, ...]", tuple(given)))
    return NullableType(choice) if None in options else choice


def _limits(keywords: Keywords, names: Iterable[str]) -> Limits:
    values: Mapping[str, JSON] = {name: _whole(keywords.value(name)) for name in names}
    return tuple(
        (name, value)
        for name, value in values.items()
        if isinstance(value, int | float | str) and not isinstance(value, bool)
    )


def _whole(value: JSON) -> JSON:
    """Return `1.0` as 1: JSON Schema makes no difference, Python does."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
