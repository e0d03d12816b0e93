"""Explain the violation of one rule of a schema."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from jsonschema_rs import ValidationError
from jsonschema_rs import ValidationErrorKind as Kind

from arctic_training.config.foreign import FOREIGN_WORDS, foreign_type
from arctic_training.config.unsupported_adapters import REFUSED_ADAPTERS
from arctic_training.diagnostics import Diagnostic, Span, nearest
from arctic_training.diagnostics.advice import note_and_help
from arctic_training.document.node import Node
from arctic_training.document.numbers import human_number
from arctic_training.document.schema_forms import default_of, examples_of
from arctic_training.document.value_names import as_written, in_words, shown
from arctic_training.validation.schema import Subschema

__all__ = ["annotation", "wrong_value"]

_IMPORT_PATH: Final = "package.module:name"
_BOOLEANS: Final = {
    **dict.fromkeys(("yes", "y", "on", "true", "enable", "enabled", "1"), "true"),
    **dict.fromkeys(("no", "n", "off", "false", "disable", "disabled", "none", "0"), "false"),
}
_CONTAINERS: Final = {"array", "object"}
_LONGEST_EXAMPLE: Final = 100
_NULLS: Final = {"none", "nil", "null", "undefined", "n/a"}


@dataclass(frozen=True, slots=True)
class _Answer:
    code: str
    message: str
    suggestion: str = ""
    hint: str = ""


def wrong_value(
    error: ValidationError,
    span: Span,
    applying: list[Subschema],
    *,
    node: Node | None = None,
    otherwise: str = "",
) -> Diagnostic:
    """Return the finding of a value that breaks one rule.

    Args:
        error: the rule, and the value as it was read.
        span: its place.
        applying: the subschemas that the value has to keep to.
        node: the value with its place, to show it as it was written.
        otherwise: the advice where the rule has none.

    """
    answer = _explained(error, as_written(node, error.instance), applying)
    code = annotation(applying, "x-code") or answer.code
    instead = _known_elsewhere(code, str(error.instance))
    note, remedy = note_and_help(
        instead
        or answer.hint
        or annotation(applying, "x-hint")
        or otherwise
        or _of_right_type(error, applying)
    )
    return Diagnostic(
        code=code,
        message=annotation(applying, "x-message") or answer.message,
        span=span,
        suggestion="" if instead else answer.suggestion,
        note=note,
        help=remedy,
    )


def _known_elsewhere(code: str, name: str) -> str:
    """Return what to write for a name of another tool, or why there is nothing like it here."""
    match code:
        case "unknown-factory":
            return foreign_type(name)
        case "unknown-adapter":
            return REFUSED_ADAPTERS.get(name.upper().replace("-", "_"), "")
        case _:
            return ""


def _of_right_type(error: ValidationError, applying: list[Subschema]) -> str:
    """Return a value of the right type in place of one of a wrong type, as far as one is known.

    A list of one is written without its brackets where a scalar is expected; in place of a list or
    a mapping, the schema's own example or default shows the form.
    """
    if not isinstance(error.kind, Kind.Type):
        return ""
    types = set(error.kind.types)
    value = error.instance
    if not types & _CONTAINERS:
        if value is None:
            return "give it a value, or leave it out"
        items = value if isinstance(value, list) else []
        is_one = len(items) == 1 and isinstance(items[0], str | int | float)
        return f"write {shown(items[0])}, without brackets" if is_one else ""
    examples = (
        each
        for rule in applying
        for each in [*examples_of(rule), *default_of(rule).values()]
        if each and isinstance(each, list | dict)
    )
    texts = (json.dumps(e) for e in examples if ("array" in types) == isinstance(e, list))
    return next((f"such as `{text}`" for text in texts if len(text) <= _LONGEST_EXAMPLE), "")


def annotation(applying: list[Subschema], name: str) -> str:
    """Return the first annotation of a name in some subschemas, or an empty string."""
    return next((str(s[name]) for s in applying if name in s), "")


def _explained(error: ValidationError, value: str, applying: list[Subschema]) -> _Answer:
    match error.kind:
        case Kind.Type(types=types):
            return _wrong_type(error.instance, value, types)
        case Kind.Enum(options=options):
            foreign = FOREIGN_WORDS.get(str(error.instance).casefold(), "")
            meant = (
                foreign if foreign in options else nearest(str(error.instance), map(str, options))
            )
            listed = ", ".join(shown(option) for option in options)
            return _Answer("not-allowed", f"{value} is not one of {listed}", meant)
        case Kind.Constant(expected_value=expected):
            both = isinstance(expected, str) and isinstance(error.instance, str)
            meant = nearest(str(error.instance), [str(expected)]) if both else ""
            return _Answer("not-allowed", f"expected {shown(expected)}, found {value}", meant)
        case Kind.Pattern(pattern=pattern):
            return _malformed(str(error.instance), value, pattern, applying)
        case Kind.Format(format=name):
            return _Answer("malformed", f"{value} is not a valid {name}")
        case Kind.Contains():
            return _Answer("missing-item", "the list lacks a required item")
        case Kind.UniqueItems():
            return _Answer("duplicate-item", f"duplicate item {_repeated(error.instance)}")
        case _:
            return _out_of_range(error, value)


def _repeated(items: object) -> str:
    """Return the first item of a list that repeats an earlier one."""
    texts = [json.dumps(item) for item in items] if isinstance(items, list) else []
    first = next((at for at, text in enumerate(texts) if text in texts[:at]), None)
    return shown(items[first]) if isinstance(items, list) and first is not None else "in a list"


def _wrong_type(instance: object, value: str, types: list[str]) -> _Answer:
    message = f"expected {in_words(types)}, found {value}"
    text = str(instance).strip().casefold()
    if "boolean" in types and text in _BOOLEANS:
        return _Answer("wrong-type", message, hint=f"write `{_BOOLEANS[text]}`")
    if not isinstance(instance, str):
        return _Answer("wrong-type", message)
    if "null" in types and text in _NULLS:
        return _Answer("wrong-type", message, hint="write `null`")
    before, comment, _ = instance.partition("#")
    if comment and " " not in before and "string" not in types:
        return _Answer("wrong-type", message, hint=f"a comment needs a space: write `{before} #`")
    if "\n" in instance or (" " in instance and ":" in instance):
        hint = "is the next line indented too far? Then it belongs to this value"
        return _Answer("wrong-type", message, hint=hint)
    meant = _number(instance, is_whole="number" not in types) if _is_numeric(types) else ""
    return _Answer("wrong-type", message, meant)


def _is_numeric(types: list[str]) -> bool:
    return bool({"integer", "number"} & set(types))


def _number(text: str, *, is_whole: bool) -> str:
    """Return a number without the separators and units around it; empty if that is none."""
    bare = re.sub(r"^(-?0),(?=\d)", r"\1.", text.strip())
    bare = re.sub(r"(?<=\d),(?=\d{3}\b)|(?<=\d) (?=\d|[kKmMgGtTbB]i?$|%$)|[,;]$", "", bare)
    number = human_number(bare)
    is_right = number is not None and (not is_whole or isinstance(number, int))
    return bare if is_right and bare != text else ""


def _malformed(text: str, value: str, pattern: str, applying: list[Subschema]) -> _Answer:
    form = annotation(applying, "x-hint")
    if re.search(pattern, _IMPORT_PATH) and not re.search(pattern, "name"):
        return _Answer("malformed", f"expected `{_IMPORT_PATH}`, found {value}", _import_path(text))
    if form:
        return _Answer("malformed", f"{value} is malformed", _name(text, pattern))
    return _Answer("malformed", f"{value} does not match the pattern `{pattern}`")


def _import_path(text: str) -> str:
    """Return a path of a file, with or without a name, as an import path; empty for others."""
    path, _, name = text.partition(":")
    found = re.fullmatch(r"(?:\./)?(?:src/)?((?:\w+/)*\w+)\.py", path)
    if not found:
        return ""
    module = found[1].replace("/", ".")
    return f"{module}:{name or module.rpartition('.')[2]}"


def _name(text: str, pattern: str) -> str:
    """Return a name in lower case with `_` or `-` for what it may not hold, if that is one."""
    for separator in "_-":
        name = re.sub(r"[^a-z0-9]+", separator, text.casefold()).strip(separator)
        if name and name != text and re.fullmatch(pattern.strip("^$"), name):
            return name
    return ""


def _out_of_range(error: ValidationError, value: str) -> _Answer:
    match error.kind:
        case Kind.Minimum(limit=limit):
            message = f"{value} is below the minimum of {limit}"
        case Kind.Maximum(limit=limit):
            message = f"{value} is above the maximum of {limit}"
        case Kind.ExclusiveMinimum(limit=limit):
            message = f"{value} is not greater than {limit}"
        case Kind.ExclusiveMaximum(limit=limit):
            message = f"{value} is not less than {limit}"
        case Kind.MultipleOf(multiple_of=step):
            message = f"{value} is not a multiple of {step}"
        case _:
            return _wrong_length(error, value)
    return _Answer("out-of-range", message)


def _wrong_length(error: ValidationError, value: str) -> _Answer:
    match error.kind:
        case Kind.MinItems(limit=limit):
            message = f"expected a list of at least {limit}, found {_length(error)}"
        case Kind.MaxItems(limit=limit):
            message = f"expected a list of at most {limit}, found {_length(error)}"
        case Kind.MinProperties(limit=limit):
            message = f"expected at least {limit} keys, found {_length(error)}"
        case Kind.MaxProperties(limit=limit):
            message = f"expected at most {limit} keys, found {_length(error)}"
        case Kind.MinLength(limit=limit):
            message = f"{value} is shorter than {limit}"
        case Kind.MaxLength(limit=limit):
            message = f"{value} is longer than {limit}"
        case _:
            return _Answer("invalid-value", error.message)
    return _Answer("out-of-range", message)


def _length(error: ValidationError) -> int:
    return len(error.instance) if isinstance(error.instance, list | dict) else 0
