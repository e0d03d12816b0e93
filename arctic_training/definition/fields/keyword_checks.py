"""Check the keywords of one schema beside each other: what the schema of definitions cannot say."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final

from jsonschema_rs import Draft7Validator, FancyRegexOptions, RegexOptions

from arctic_training.definition.fields.keywords import LISTED, NUMERIC, TEXTUAL, WHOLE, Keywords
from arctic_training.definition.fields.portable_patterns import why_not_portable
from arctic_training.diagnostics import Diagnostic, Related, Span
from arctic_training.document import JSON
from arctic_training.validation import Schema, check

__all__ = ["OF_FIELD", "OF_SHARED", "keyword_problems", "pattern_problem"]

OF_SHARED: Final = frozenset({"default"})
OF_FIELD: Final = frozenset({"default", "renamed_from", "deprecated"})
"""Keywords of what has a name: of a shared schema, and of a field."""

_APPLICABLE: Final[dict[str, frozenset[str]]] = {
    "boolean": frozenset(),
    "integer": frozenset(NUMERIC),
    "number": frozenset(NUMERIC),
    "string": frozenset({*TEXTUAL, "format"}),
    "array": frozenset({*LISTED, "items", "additionalItems", "uniqueItems"}),
    "object": frozenset({"properties", "additionalProperties"}),
}
_ANYWHERE: Final = frozenset({"type", "description"})

_LARGEST: Final = 1 << 53
"""Beyond it, two integers may be one to who reads JSON with floats."""

_RANGE: Final = (
    ("minimum", "maximum", False),
    ("minimum", "exclusiveMaximum", True),
    ("exclusiveMinimum", "maximum", True),
    ("exclusiveMinimum", "exclusiveMaximum", True),
)
_ORDERED: Final[dict[str, tuple[tuple[str, str, bool], ...]]] = {
    "integer": _RANGE,
    "number": _RANGE,
    "string": (("minLength", "maxLength", False),),
    "array": (("minItems", "maxItems", False),),
}
"""Lower and upper limits, and whether equal ones leave no value between them."""


def keyword_problems(keywords: Keywords, named: AbstractSet[str]) -> Iterator[Diagnostic]:
    """Find keywords that do not apply, values of the wrong type, and ranges without a value.

    ``named`` are the keywords that the schema may have because it has a name.
    """
    allowed, beside = _allowed(keywords)
    yield from _not_applicable(keywords, allowed | named, beside)
    if not _are_right(keywords):
        yield from _wrong_choices(keywords)
    yield from _empty_ranges(keywords)


def _allowed(keywords: Keywords) -> tuple[frozenset[str], str]:
    """Return the keywords that apply to a schema, and to what they would have to apply.

    None for an unknown type.
    """
    for keyword in WHOLE:
        if keyword in keywords:
            return frozenset({keyword, "description"}), f"beside `{keyword}`"
    if fixed := sorted(keyword for keyword in ("enum", "const") if keyword in keywords):
        return _ANYWHERE | {*fixed}, f"beside {' and '.join(f'`{each}`' for each in fixed)}"
    if "format" in keywords and keywords.kind == "string":
        return _ANYWHERE | {"format"}, "beside `format`"
    kind = keywords.kind
    known = _APPLICABLE.get(kind, frozenset(keywords.names))
    return _ANYWHERE | known, f"to type `{kind}`"


def _not_applicable(
    keywords: Keywords, allowed: AbstractSet[str], beside: str
) -> Iterator[Diagnostic]:
    for keyword in keywords.names:
        if keyword == "multipleOf" and keywords.kind == "number":
            yield _inexact(keywords.key(keyword))
        elif keyword not in allowed:
            where = "here: only fields have it" if keyword in OF_FIELD else beside
            message = f"`{keyword}` does not apply {where}"
            yield Diagnostic(code="no-effect", message=message, span=keywords.key(keyword))


def _inexact(span: Span) -> Diagnostic:
    return Diagnostic(
        code="not-supported",
        message="`multipleOf` requires `type: integer`: multiples of a `number` depend on "
        "rounding, as with 0.3 and 0.1",
        span=span,
        help="use `type: integer` in a smaller unit, or remove `multipleOf`",
    )


def _wrong_choices(keywords: Keywords) -> Iterator[Diagnostic]:
    """Find choices that are not of the type, and limits that an integer cannot have."""
    if keywords.value("enum") == [None]:
        message = "`enum` needs a value beside null"
        yield Diagnostic(code="invalid-value", message=message, span=keywords.span("enum"))
    of_type: dict[str, JSON] = {"minimum": -_LARGEST, "maximum": _LARGEST}
    of_type |= {"type": keywords.value("type")} if keywords.kind else {}
    rules: dict[str, JSON] = {"const": of_type, "enum": {"items": of_type}}
    if keywords.kind == "integer":
        rules |= {keyword: {"type": "integer"} for keyword in NUMERIC}
    given = {key: rule for key, rule in rules.items() if keywords.value(key) is not None}
    yield from check(keywords.node, Schema({"properties": given}))


def _are_right(keywords: Keywords) -> bool:
    """Return whether choices and limits are known to be right without compiling a schema."""
    if keywords.kind == "integer":
        limits = (keywords.value(keyword) for keyword in NUMERIC)
        if not all(limit is None or isinstance(limit, int) for limit in limits):
            return False
    if "enum" not in keywords and "const" not in keywords:
        return True
    listed, constant = keywords.value("enum"), keywords.value("const")
    options = [*(listed if isinstance(listed, list) else []), *([constant] if constant else [])]
    takes_null = (keywords.is_nullable or not keywords.kind) and options != [None]
    return all(takes_null if option is None else _fits(option, keywords.kind) for option in options)


def _fits(option: JSON, kind: str) -> bool:
    match option:
        case bool():
            return kind in {"", "boolean"}
        case int():
            return kind in {"", "integer", "number"} and -_LARGEST <= option <= _LARGEST
        case str():
            return kind in {"", "string"}
        case _:
            return False


def _empty_ranges(keywords: Keywords) -> Iterator[Diagnostic]:
    for lower, upper, is_open in _ORDERED.get(keywords.kind, ()):
        low, high = keywords.value(lower), keywords.value(upper)
        if not isinstance(low, int | float) or not isinstance(high, int | float):
            continue
        if low > high or (is_open and low == high):
            yield Diagnostic(
                code="out-of-range",
                message=f"no value fits: `{lower}` is {low} and `{upper}` is {high}",
                span=keywords.key(lower),
                related=(Related(f"`{upper}` is here", keywords.key(upper)),),
            )


def pattern_problem(keywords: Keywords) -> Diagnostic | None:
    """Return why the models or the schema of the recipe cannot run a regular expression."""
    pattern, span = keywords.value("pattern"), keywords.span("pattern")
    if not isinstance(pattern, str):
        return None
    if (other := why_not_portable(pattern)) is not None:
        what, hint = other
        message = f"editors read {what} in another way than the check of a recipe"
        return Diagnostic(code="not-supported", message=message, span=span, help=hint)
    try:
        for engine in (RegexOptions(), FancyRegexOptions()):
            Draft7Validator({"pattern": pattern}, pattern_options=engine)
    except ValueError as error:
        return Diagnostic(
            code="not-supported",
            message=f"`{pattern}` is not a supported regular expression",
            span=span,
            help=f"{str(error).splitlines()[0]}; look-around and back-references are not supported",
        )
    return None
