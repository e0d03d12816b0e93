"""JSON Schema (draft-07) of sections, in the forms that editors follow.

Both the pydantic models and the generator put recipe schemas together with these, so that the
two agree by construction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypeVar, cast

__all__ = [
    "DRAFT",
    "NO_EFFECT",
    "TYPE_DOC",
    "JSONSchema",
    "by_type",
    "default_of",
    "exactly",
    "examples_of",
    "for_editors",
    "nullable",
    "one_or_many",
    "tagged_by",
    "with_former_names",
]

JSONSchema: TypeAlias = dict[str, object]
ValueT = TypeVar("ValueT")

TYPE_DOC = "What the section is of: which factory makes it, or which source it is."
"""Description of `type` in each section that has one."""

_NESTED_DEFAULT = "x-default"
_VALUES = frozenset(
    {"const", "default", _NESTED_DEFAULT, "defaultSnippets", "enum", "examples", "x-planned"}
)
"""Keywords that hold values, not schemas."""

_MAPS = frozenset({"definitions", "dependencies", "patternProperties", "properties"})
"""Keywords that hold schemas by name."""

NO_EFFECT: JSONSchema = {"doNotSuggest": True}
"""Says of a key that setting it changes nothing: editors accept it and do not propose it."""

DRAFT = "http://json-schema.org/draft-07/schema#"


def by_type(branches: Mapping[str, Mapping[str, object]], *, first: str) -> JSONSchema:
    """Return the schema of a section that ``type`` tells apart; one without ``type`` is ``first``.

    Conditions instead of ``oneOf``: an editor then completes the chosen branch, and a checker
    reports only the errors of that branch.
    """
    kind = {
        "description": TYPE_DOC,
        "enum": list(branches),
        "default": first,
        "x-code": "unknown-factory",
    }
    return {
        "type": "object",
        "properties": {"type": kind},
        "allOf": [
            {"if": _chosen("type", name, needed=name != first), "then": branch}
            for name, branch in branches.items()
        ],
    }


def tagged_by(tag: str, branches: Mapping[str, Mapping[str, object]]) -> JSONSchema:
    """Return the schema of an object that has to say by the key ``tag`` which of some it is."""
    return {
        "type": "object",
        "required": [tag],
        "properties": {tag: {"enum": list(branches)}},
        "allOf": [
            {"if": _chosen(tag, name, needed=True), "then": branch}
            for name, branch in branches.items()
        ],
    }


def for_editors(schema: JSONSchema) -> JSONSchema:
    """Return a schema whose defaults and examples editors can propose: nested ones as snippets.

    yaml-language-server shows an object as ``[object Object]``, and inserts it so from a list.
    Such a default is under ``x-default``.
    """
    made = {keyword: _part_for_editors(keyword, part) for keyword, part in schema.items()}
    snippets: list[JSONSchema] = []
    if "default" in made and _has_nested_items(made["default"]):
        made[_NESTED_DEFAULT] = made.pop("default")
        snippets.append({"label": "default", "body": made[_NESTED_DEFAULT]})
    if isinstance(given := made.pop("examples", []), list):
        nested = [each for each in given if isinstance(each, dict) or _has_nested_items(each)]
        snippets += [{"label": "example", "body": each} for each in nested]
        given = [each for each in given if each not in nested]
    return (
        made
        | ({"examples": given} if given else {})
        | ({"defaultSnippets": snippets} if snippets else {})
    )


def _part_for_editors(keyword: str, part: object) -> object:
    if keyword in _VALUES:
        return part
    if keyword in _MAPS and isinstance(part, dict):  # its keys are names, not keywords
        return {name: _part_for_editors("", each) for name, each in part.items()}
    if isinstance(part, list):
        return [_part_for_editors("", each) for each in part]
    return for_editors(part) if isinstance(part, dict) else part


def _has_nested_items(value: object) -> bool:
    """Return whether a value holds a list of anything but scalars."""
    if isinstance(value, dict):
        return any(map(_has_nested_items, value.values()))
    return isinstance(value, list) and any(isinstance(each, dict | list) for each in value)


def examples_of(schema: Mapping[str, object]) -> list[object]:
    """Return the examples of a schema, those that editors know as snippets among them."""
    plain, snippets = schema.get("examples", []), schema.get("defaultSnippets", [])
    assert isinstance(plain, list)
    assert isinstance(snippets, list)
    return [*plain, *(each["body"] for each in snippets if each["label"] == "example")]


def default_of(schema: Mapping[str, ValueT]) -> dict[str, ValueT]:
    """Return a schema's default under the key ``default``; nothing if it has none."""
    for name in ("default", _NESTED_DEFAULT):
        if name in schema:
            return {"default": schema[name]}
    return {}


def exactly(items: list[JSONSchema]) -> JSONSchema:
    """Return the schema of a list with one item for each of some schemas, and no more."""
    count = len(items)
    return {
        "type": "array",
        "items": items,
        "minItems": count,
        "maxItems": count,
        "additionalItems": False,
    }


def one_or_many(listed: JSONSchema) -> JSONSchema:
    """Return the schema of a list for which a single item may be written."""
    items = listed["items"]
    assert isinstance(items, dict)
    return {"if": {"type": "object"}, "then": items, "else": listed}


def nullable(schema: JSONSchema) -> JSONSchema:
    """Return the schema that also takes null.

    Null comes first: editors make a value of the first type of the default, and
    yaml-language-server ends its proposals where a string is null.
    """
    kind = schema.get("type")
    if "enum" in schema:
        options = schema["enum"]
        assert isinstance(options, list)
        schema = schema | {"enum": [*options, None]}
    if isinstance(kind, str):
        return schema | {"type": ["null", kind]}
    if isinstance(kind, list):
        return schema | {"type": ["null", *kind]}
    return {"anyOf": [schema, {"type": "null"}]}


def with_former_names(schema: JSONSchema, names: Mapping[str, Sequence[str]]) -> JSONSchema:
    """Return the schema of an object some of whose keys have former names.

    ``names`` are the former names by today's. A key has one of its names at most.
    """
    if not names:
        return schema
    properties = cast("dict[str, JSONSchema]", schema["properties"])
    given = cast("list[str]", schema.get("required", []))
    formerly = {old: now for now, former in names.items() for old in former}
    made = schema | {
        "properties": properties | {o: _former(n, properties[n]) for o, n in formerly.items()},
        "required": [key for key in given if key not in names],
        "dependencies": {
            old: {"properties": dict.fromkeys(({now, *names[now]} - {old}), False)}
            for old, now in formerly.items()
        },
        "allOf": [
            {"anyOf": [{"required": [name]} for name in (now, *former)]}
            for now, former in names.items()
            if now in given
        ],
    }
    return {key: part for key, part in made.items() if part != []}


def _former(now: str, schema: JSONSchema) -> JSONSchema:
    rule = {key: part for key, part in schema.items() if key not in {"default", _NESTED_DEFAULT}}
    shown: JSONSchema = {"examples": [*default_of(schema).values()]} if default_of(schema) else {}
    return {**shown, **rule} | {
        "description": f"Former name of `{now}`.",
        "deprecationMessage": f"`{now}` is its name now",
        "x-renamed-to": now,
    }


def _chosen(key: str, name: str, *, needed: bool) -> JSONSchema:
    """Return the condition that an object is of a kind; without ``needed``, null is as well.

    An editor then proposes the keys of the default kind where nothing is written yet.
    """
    condition: JSONSchema = {"properties": {key: {"const": name}}}
    if needed:
        return {"type": "object", **condition, "required": [key]}
    return {"type": ["object", "null"], **condition}
