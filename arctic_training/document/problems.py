"""Why a document breaks a schema, in the words of its writer, each at its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jsonschema_rs import ValidationError
from jsonschema_rs import ValidationErrorKind as Kind

from arctic_training.config.foreign import FOREIGN_TYPES
from arctic_training.diagnostics import Diagnostic, Span, nearest
from arctic_training.document.names import name_problems, with_names
from arctic_training.document.node import MapNode, Node, Pointer, find, key_span, plain, value_span
from arctic_training.document.places import known_keys
from arctic_training.document.schema import Schema, Subschema, with_numbers
from arctic_training.document.unknown_keys import keys_listed, unknown_key

__all__ = ["check", "completed", "in_words", "joined", "shown"]

_KINDS: Final[dict[str, str]] = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "nothing (null)",
    "number": "a number",
    "object": "a mapping",
    "string": "a text",
}
_LONGEST: Final = 60


def check(node: Node, schema: Schema) -> list[Diagnostic]:
    """Return everything in which a document breaks a schema; of a wrong type, no more than that.

    Keys that are deprecated, or stand under a former name, are warnings.

    A subschema may carry ``x-code`` and ``x-hint`` for what breaks it, and under ``x-planned`` the
    keys that are not built yet, each with what to do instead.
    """
    document = completed(node, schema)
    errors = list(schema.errors(plain(document)))
    mistyped = {tuple(e.instance_path) for e in errors if isinstance(e.kind, Kind.Type)}
    found = [*name_problems(node, schema)]
    for error in errors:
        if isinstance(error.kind, Kind.Type) or tuple(error.instance_path) not in mistyped:
            found += _problems(error, document, schema)
    return found


def completed(node: Node, schema: Schema) -> Node:
    """Return a document with today's names, and with numbers where texts stand for them."""
    return with_numbers(with_names(node, schema), schema)


def joined(known: list[Diagnostic], found: list[Diagnostic]) -> list[Diagnostic]:
    """Return both, without what was found where the text itself is known to be wrong."""
    places = {problem.span for problem in known}
    return [*known, *(problem for problem in found if problem.span not in places)]


def shown(value: object) -> str:
    """Return a value as a reader of the document knows it, cut to a readable length."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"`{str(value).lower()}`"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            text = str(value)
            return f"`{text[:_LONGEST]}...`" if len(text) > _LONGEST else f"`{text}`"


def _problems(error: ValidationError, node: Node, schema: Schema) -> Iterator[Diagnostic]:
    pointer: Pointer = tuple(error.instance_path)
    applying = schema.at(node, pointer)
    match error.kind:
        case Kind.AdditionalProperties(unexpected=unexpected):
            for key in unexpected:
                yield unknown_key((*pointer, key), node, schema, applying)
        case Kind.Required(property=key):
            if not _is_mistyped(str(key), find(node, pointer), applying):
                yield _missing_key(str(key), pointer, node, applying)
        case Kind.PropertyNames(error=inner):
            key = str(inner.instance)
            place = key_span(node, (*pointer, key))
            yield _wrong_value(inner, place, schema.for_keys(node, pointer))
        case Kind.AnyOf(context=branches) | Kind.OneOfNotValid(context=branches):
            if types := _types(branches, error):
                message = f"expected {in_words(types)}, found {shown(error.instance)}"
                span = value_span(node, pointer)
                yield Diagnostic(code="wrong-type", message=message, span=span)
                return
            for inner in _best(branches):
                yield from _problems(inner, node, schema)
        case _:
            keys = _keys_instead(error, node, schema)
            yield _wrong_value(error, value_span(node, pointer), applying, otherwise=keys)


def _keys_instead(error: ValidationError, node: Node, schema: Schema) -> str:
    """List the keys of a section in whose place there is a text, such as a name."""
    pointer: Pointer = tuple(error.instance_path)
    if not (pointer and isinstance(error.kind, Kind.Type) and isinstance(error.instance, str)):
        return ""
    section = MapNode({}, value_span(node, pointer))
    rules = schema.below(schema.at(node, pointer[:-1]), pointer[-1], section)
    return keys_listed(known_keys(rules), rules, schema)


def _is_mistyped(key: str, parent: Node | None, applying: list[Subschema]) -> bool:
    """Return whether a missing key is there under a name that is reported to mean it.

    That is so where no other keys are allowed: without its tag, an object may yet be any.
    """
    if not any(rule.get("additionalProperties") is False for rule in applying):
        return False
    known = known_keys(applying)
    given = parent.entries if isinstance(parent, MapNode) else {}
    return any(nearest(other, known) == key for other in given if other not in known)


def _missing_key(key: str, pointer: Pointer, node: Node, applying: list[Subschema]) -> Diagnostic:
    described = [
        str(rule["description"])
        for subschema in applying
        if isinstance(properties := subschema.get("properties"), dict)
        and isinstance(rule := properties.get(key), dict)
        and "description" in rule
    ]
    span = key_span(node, pointer) if pointer else value_span(node, pointer)
    return Diagnostic(
        code="missing-key",
        message=f"`{key}` is missing",
        span=span,
        hint=f"{key}: {described[0]}" if described else "",
    )


def _types(branches: list[list[ValidationError]], whole: ValidationError) -> list[str]:
    """Return the types of all alternatives, where the value is of none of them."""
    found: dict[str, None] = {}
    for errors in branches:
        here = [error.kind for error in errors if error.instance_path == whole.instance_path]
        types = [kind.types for kind in here if isinstance(kind, Kind.Type)]
        if not types:
            return []
        found |= dict.fromkeys(types[0])
    return list(found)


def _best(branches: list[list[ValidationError]]) -> list[ValidationError]:
    """Return the errors of the alternative that the writer most likely meant.

    That is one whose basic type fits, and of those the one with the fewest errors.
    """
    depth = min(len(error.instance_path) for errors in branches for error in errors)

    def distance(errors: list[ValidationError]) -> tuple[bool, int]:
        of_type = [error for error in errors if isinstance(error.kind, Kind.Type)]
        return any(len(error.instance_path) == depth for error in of_type), len(errors)

    return min(branches, key=distance)


def _wrong_value(
    error: ValidationError, span: Span, applying: list[Subschema], *, otherwise: str = ""
) -> Diagnostic:
    code, message, meant = _explained(error)
    code = _annotation(applying, "x-code") or code
    instead = FOREIGN_TYPES.get(str(error.instance), "") if code == "unknown-factory" else ""
    return Diagnostic(
        code=code,
        message=message,
        span=span,
        suggestion="" if instead else meant,
        hint=instead or _annotation(applying, "x-hint") or otherwise,
    )


def _annotation(applying: list[Subschema], name: str) -> str:
    return next((str(s[name]) for s in applying if name in s), "")


def _explained(error: ValidationError) -> tuple[str, str, str]:
    """Return the code, the message and the likely value of a value that is wrong."""
    value = shown(error.instance)
    match error.kind:
        case Kind.Type(types=types):
            return "wrong-type", f"expected {in_words(types)}, found {value}", ""
        case Kind.Enum(options=options):
            meant = nearest(str(error.instance), map(str, options))
            listed = ", ".join(shown(option) for option in options)
            return "not-allowed", f"{value} is not one of {listed}", meant
        case Kind.Constant(expected_value=expected):
            return "not-allowed", f"{value} is not {shown(expected)}", ""
        case Kind.Pattern(pattern=pattern):
            return "not-allowed", f"{value} does not have the form `{pattern}`", ""
        case Kind.Format(format=name):
            return "not-allowed", f"{value} is not a valid {name}", ""
        case Kind.Contains():
            return "not-allowed", f"{value} lacks what it has to hold", ""
        case Kind.UniqueItems():
            return "not-allowed", "the list holds the same value twice", ""
        case _:
            return _out_of_range(error, value)


def _out_of_range(error: ValidationError, value: str) -> tuple[str, str, str]:
    match error.kind:
        case Kind.Minimum(limit=limit):
            message = f"{value} is below the least value allowed, {limit}"
        case Kind.Maximum(limit=limit):
            message = f"{value} is above the greatest value allowed, {limit}"
        case Kind.ExclusiveMinimum(limit=limit):
            message = f"{value} is not greater than {limit}"
        case Kind.ExclusiveMaximum(limit=limit):
            message = f"{value} is not less than {limit}"
        case Kind.MultipleOf(multiple_of=step):
            message = f"{value} is not a multiple of {step}"
        case (
            Kind.MinItems(limit=limit)
            | Kind.MinLength(limit=limit)
            | Kind.MinProperties(limit=limit)
        ):
            message = f"{value} is shorter than {limit}"
        case (
            Kind.MaxItems(limit=limit)
            | Kind.MaxLength(limit=limit)
            | Kind.MaxProperties(limit=limit)
        ):
            message = f"{value} is longer than {limit}"
        case _:
            return "not-allowed", error.message, ""
    return "out-of-range", message, ""


def in_words(types: list[str]) -> str:
    """Return types of values, as schemas name them, as a reader of the document knows them."""
    return " or ".join(_KINDS[name] for name in types)
