"""What is wrong with the values that the schema of a config field holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

from jsonschema_rs import Draft7Validator, FancyRegexOptions, RegexOptions

from arctic_training.definition.fields.json_types import json_schema
from arctic_training.definition.fields.keywords import NUMERIC, kind_of
from arctic_training.definition.fields.portable_patterns import why_not_portable
from arctic_training.definition.fields.reading import FieldReader
from arctic_training.diagnostics import Diagnostic
from arctic_training.document import JSON, Node, Pointer, ScalarNode, find, value_span
from arctic_training.validation import Schema, check
from arctic_training.validation.schema import Subschema

__all__ = ["choice_problems", "default_problems", "pattern_problems"]

_LARGEST: Final = 1 << 53
"""Beyond it, two whole numbers may be one to who reads JSON with floats."""


def pattern_problems(
    document: Node, pointer: Pointer, schema: dict[str, JSON]
) -> Iterator[Diagnostic]:
    """Find regular expressions that the models or the schema of the recipe cannot run."""
    if "pattern" not in schema:
        return
    span = value_span(document, (*pointer, "pattern"))
    if (other := why_not_portable(str(schema["pattern"]))) is not None:
        what, hint = other
        message = f"editors read {what} in another way than the check of a recipe"
        yield Diagnostic(code="not-supported", message=message, span=span, hint=hint)
        return
    try:
        for engine in (RegexOptions(), FancyRegexOptions()):
            Draft7Validator({"pattern": schema["pattern"]}, pattern_options=engine)
    except ValueError as error:
        yield Diagnostic(
            code="not-supported",
            message=f"`{schema['pattern']}` is not a regular expression that is supported here",
            span=span,
            hint=f"{str(error).splitlines()[0]}; look-around and back-references are not supported",
        )


def choice_problems(
    document: Node, pointer: Pointer, schema: dict[str, JSON]
) -> Iterator[Diagnostic]:
    """Find values to choose that are not of the type, and limits that it cannot have."""
    field = find(document, pointer)
    assert field is not None
    if schema.get("enum") == [None]:
        message = "there is no value to choose beside null"
        span = value_span(document, (*pointer, "enum"))
        yield Diagnostic(code="not-allowed", message=message, span=span)
    of_type: dict[str, JSON] = {"minimum": -_LARGEST, "maximum": _LARGEST}
    of_type |= {"type": schema["type"]} if "type" in schema else {}
    rules: dict[str, JSON] = {"const": of_type, "enum": {"items": of_type}}
    if kind_of(schema) == "integer":
        rules |= {keyword: {"type": "integer"} for keyword in NUMERIC}
    yield from check(field, Schema({"properties": rules}))


def default_problems(document: Node, pointer: Pointer) -> Iterator[Diagnostic]:
    """Hold a default against its own schema, which neither mypy nor an import does."""
    default = find(document, (*pointer, "default"))
    assert default is not None
    kind = FieldReader(document, "").type(pointer)
    schema = Schema(cast("dict[str, JSON]", json_schema(kind)))
    yield from check(default, schema)
    yield from _paths(default, schema)


def _paths(default: Node, schema: Schema) -> list[Diagnostic]:
    found: list[Diagnostic] = []

    def looked_at(node: ScalarNode, applying: list[Subschema]) -> ScalarNode:
        if isinstance(node.value, str) and any(rule.get("format") == "path" for rule in applying):
            message = "a path cannot have a default but null: it would start nowhere"
            found.append(Diagnostic(code="not-supported", message=message, span=node.span))
        return node

    schema.rewrite(default, looked_at)
    return found
