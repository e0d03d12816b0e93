"""Check the schemas of lists and tuples."""

from __future__ import annotations

from collections.abc import Iterator

from arctic_training.definition.fields.keywords import LISTED, Keywords
from arctic_training.definition.fields.types import (
    ChoiceType,
    FieldType,
    NullableType,
    ScalarType,
)
from arctic_training.diagnostics import Diagnostic

__all__ = ["list_problems", "tuple_problems"]


def list_problems(keywords: Keywords, item: FieldType | None, form: str) -> Iterator[Diagnostic]:
    """Find a list without the schema of its items, and keywords that do not apply to those.

    ``form`` is that of the items, of a type that may be unknown.
    """
    if "items" not in keywords:
        yield Diagnostic(
            code="missing-key",
            message="`items` is missing",
            span=keywords.span("type"),
            help="say what the list holds, such as `items: {type: number}`",
        )
    elif "additionalItems" in keywords:
        yield _not_applicable(keywords, "additionalItems", "one schema of all items")
    if item and keywords.value("uniqueItems") is True and (form or not _is_scalar(item)):
        yield Diagnostic(
            code="not-supported",
            message="`uniqueItems` requires items that are numbers, strings or booleans",
            span=keywords.key("uniqueItems"),
        )


def tuple_problems(keywords: Keywords, count: int) -> Iterator[Diagnostic]:
    """Find a tuple that takes more items than it has schemas, and limits on its length."""
    if "additionalItems" not in keywords:
        yield Diagnostic(
            code="missing-key",
            message="`additionalItems: false` is missing: a tuple has one item for each schema",
            span=keywords.key("items"),
        )
    for keyword in (*LISTED, "uniqueItems"):
        value = keywords.value(keyword)
        if keyword in keywords and value not in {None, count} and value is not False:
            yield _not_applicable(keywords, keyword, f"a tuple of {count}")


def _not_applicable(keywords: Keywords, keyword: str, beside: str) -> Diagnostic:
    message = f"`{keyword}` does not apply to {beside}"
    return Diagnostic(code="no-effect", message=message, span=keywords.key(keyword))


def _is_scalar(kind: FieldType) -> bool:
    """Return whether all values of a type are numbers, strings or booleans, and no paths."""
    match kind:
        case NullableType(inner=inner):
            return _is_scalar(inner)
        case ScalarType(kind=name):
            return name != "path"
        case ChoiceType():
            return True
        case _:
            return False
