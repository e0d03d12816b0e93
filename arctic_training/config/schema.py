"""JSON Schema (draft-07) of sections, in the forms that editors follow.

Both the pydantic models and the generator put recipe schemas together with these, so that the
two agree by construction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

__all__ = ["DRAFT", "JSONSchema", "by_type", "exactly", "nullable", "one_or_many", "tagged_by"]

JSONSchema: TypeAlias = dict[str, object]

DRAFT = "http://json-schema.org/draft-07/schema#"


def by_type(branches: Mapping[str, Mapping[str, object]], *, first: str) -> JSONSchema:
    """Return the schema of a section that ``type`` tells apart; one without ``type`` is ``first``.

    Conditions instead of ``oneOf``: an editor then completes the chosen branch, and a checker
    reports only the errors of that branch.
    """
    kind = {
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


def _chosen(key: str, name: str, *, needed: bool) -> JSONSchema:
    condition: JSONSchema = {"type": "object", "properties": {key: {"const": name}}}
    return condition | {"required": [key]} if needed else condition
