"""JSON Schema (draft-07) of sections, in the forms that editors follow.

Both the pydantic models and the generator put recipe schemas together with these, so that the
two agree by construction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

__all__ = [
    "DRAFT",
    "TYPE_DOC",
    "JSONSchema",
    "by_type",
    "exactly",
    "nullable",
    "one_or_many",
    "tagged_by",
    "with_former_names",
]

JSONSchema: TypeAlias = dict[str, object]

TYPE_DOC = "What the section is of: which factory makes it, or which source it is."
"""What `type` means in each section that has one."""

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
    """Return the schema of a list in whose place a single item may stand."""
    items = listed["items"]
    assert isinstance(items, dict)
    return {"if": {"type": "object"}, "then": items, "else": listed}


def nullable(schema: JSONSchema) -> JSONSchema:
    """Return the schema that also takes null."""
    kind = schema.get("type")
    if "enum" in schema:
        options = schema["enum"]
        assert isinstance(options, list)
        schema = schema | {"enum": [*options, None]}
    if isinstance(kind, str):
        return schema | {"type": [kind, "null"]}
    if isinstance(kind, list):
        return schema | {"type": [*kind, "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def with_former_names(schema: JSONSchema, names: Mapping[str, Sequence[str]]) -> JSONSchema:
    """Return the schema of an object some of whose keys may stand under former names.

    ``names`` are the former names by today's. A key stands under one name at most.
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
    rule = {key: part for key, part in schema.items() if key != "default"}
    shown: JSONSchema = {"examples": [schema["default"]]} if "default" in schema else {}
    return {**shown, **rule} | {
        "description": f"Former name of `{now}`.",
        "deprecationMessage": f"`{now}` is its name now",
        "x-renamed-to": now,
    }


def _chosen(key: str, name: str, *, needed: bool) -> JSONSchema:
    condition: JSONSchema = {"type": "object", "properties": {key: {"const": name}}}
    return condition | {"required": [key]} if needed else condition
