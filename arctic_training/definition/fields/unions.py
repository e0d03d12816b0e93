"""What is wrong with the alternatives among the config fields of a definition."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, cast

from arctic_training.definition.fields.keywords import followed, keywords, kind_of, tag_of
from arctic_training.diagnostics import Diagnostic, Span
from arctic_training.document import JSON, Node, Pointer, find, key_span, plain, value_span

__all__ = ["union_problems"]


def union_problems(
    document: Node, pointer: Pointer, schema: dict[str, JSON]
) -> Iterator[Diagnostic]:
    """Find alternatives between which a value cannot choose."""
    if "oneOf" in schema:
        yield from _bad_tags(document, (*pointer, "oneOf"), cast("list[JSON]", schema["oneOf"]))
    if "anyOf" not in schema:
        return
    places = [(*pointer, "anyOf", n) for n in range(len(cast("list[JSON]", schema["anyOf"])))]
    seen: set[str] = set()
    for place in places:
        kind = _container(document, place)
        if kind in seen or kind == "anyOf":
            once = "alternatives of alternatives" if kind == "anyOf" else f"a second {kind}"
            yield Diagnostic(
                code="not-supported",
                message=f"`anyOf` does not take {once}",
                span=value_span(document, place),
                hint="objects that a `const` tells apart stand in a `oneOf`",
            )
        seen |= {kind} - {""}
    texts = [place for place in places if _is_text(document, place)]
    if len(texts) > 1 and any(_is_path(document, place) for place in texts):
        message = "`anyOf` does not take a path beside another text: which is it?"
        span = value_span(document, texts[-1])
        yield Diagnostic(code="not-supported", message=message, span=span)


def _is_text(document: Node, pointer: Pointer) -> bool:
    schema = keywords(document, followed(document, pointer))
    options = [schema.get("const"), *cast("list[JSON]", schema.get("enum", []))]
    return kind_of(schema) == "string" or any(isinstance(option, str) for option in options)


def _is_path(document: Node, pointer: Pointer) -> bool:
    return keywords(document, followed(document, pointer)).get("format") == "path"


def _container(document: Node, pointer: Pointer) -> str:
    """Return whether a value is a list or a mapping, and of which there is one in a union."""
    schema = keywords(document, followed(document, pointer))
    if "anyOf" in schema:
        return "anyOf"
    kind = "object" if "oneOf" in schema else kind_of(schema)
    return {"array": "list", "object": "mapping"}.get(kind, "null" if kind == "null" else "")


_TAG: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*([_-][A-Za-z0-9]+)*")


def _bad_tags(document: Node, pointer: Pointer, members: list[JSON]) -> Iterator[Diagnostic]:
    """Find objects that no constant tells apart, or constants that name no class."""
    places = [(*pointer, index) for index in range(len(members))]
    if wrong := [place for place in places if not _is_object(document, place)]:
        message = "`oneOf` takes objects with `properties`, and no null"
        yield _untold(value_span(document, wrong[0]), message)
    elif not (tag := tag_of(document, pointer)):
        span = key_span(document, pointer)
        yield _untold(span, "no field tells these objects apart")
    else:
        for place in places:
            at = (*followed(document, place), "properties", tag, "const")
            constant = find(document, at)
            if constant and not _TAG.fullmatch(str(plain(constant))):
                message = "the constant that tells objects apart is a word: it names a class"
                yield Diagnostic(code="reserved-name", message=message, span=constant.span)


def _is_object(document: Node, pointer: Pointer) -> bool:
    schema = keywords(document, followed(document, pointer))
    return schema.get("type") == "object" and "properties" in schema


def _untold(span: Span, message: str) -> Diagnostic:
    hint = "give each a field of the same name with a `const` of its own, such as `type`"
    return Diagnostic(code="not-allowed", message=message, span=span, hint=hint)
