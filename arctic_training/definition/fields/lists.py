"""What is wrong with the lists among the config fields of a definition."""

from __future__ import annotations

from collections.abc import Iterator

from arctic_training.definition.fields.keywords import LISTED, followed, keywords, kind_of
from arctic_training.diagnostics import Diagnostic
from arctic_training.document import JSON, Node, Pointer, key_span, value_span

__all__ = ["list_problems"]


def list_problems(
    document: Node, pointer: Pointer, schema: dict[str, JSON]
) -> Iterator[Diagnostic]:
    """Find lists that do not say of which items, and rules that say nothing about theirs."""
    span = value_span(document, (*pointer, "type"))
    match schema.get("items"):
        case None:
            yield Diagnostic(
                code="missing-key",
                message="`items` is missing",
                span=span,
                hint="say what the list holds, such as `items: {type: number}`",
            )
        case list(items):
            yield from _bad_tuple(document, pointer, schema, len(items))
        case _ if "additionalItems" in schema:
            yield _says_nothing(document, (*pointer, "additionalItems"), "one schema of all items")
        case _ if schema.get("uniqueItems") and not _is_scalar(document, (*pointer, "items")):
            yield Diagnostic(
                code="not-supported",
                message="`uniqueItems` is for numbers, texts and truth values",
                span=key_span(document, (*pointer, "uniqueItems")),
            )
        case _:
            pass


def _bad_tuple(
    document: Node, pointer: Pointer, schema: dict[str, JSON], count: int
) -> Iterator[Diagnostic]:
    if "additionalItems" not in schema:
        yield Diagnostic(
            code="missing-key",
            message="`additionalItems: false` is missing: a tuple has one item for each schema",
            span=key_span(document, (*pointer, "items")),
        )
    for keyword in (*LISTED, "uniqueItems"):
        if schema.get(keyword, count) != count and schema.get(keyword) is not False:
            yield _says_nothing(document, (*pointer, keyword), f"a tuple of {count}")


def _says_nothing(document: Node, pointer: Pointer, beside: str) -> Diagnostic:
    message = f"`{pointer[-1]}` says nothing beside {beside}"
    return Diagnostic(code="not-allowed", message=message, span=key_span(document, pointer))


def _is_scalar(document: Node, pointer: Pointer) -> bool:
    """Return whether all that a schema takes is one number, text or truth value."""
    schema = keywords(document, followed(document, pointer))
    if {"enum", "const"} & schema.keys():
        return True
    scalar = kind_of(schema) in {"boolean", "integer", "number", "string"}
    return scalar and schema.get("format") != "path"
