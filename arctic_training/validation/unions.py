"""Choose the alternative of a union that the writer meant."""

from __future__ import annotations

from typing import TypeAlias

from jsonschema_rs import ValidationError
from jsonschema_rs import ValidationErrorKind as Kind

from arctic_training.document.value_names import in_words, shown

__all__ = ["Branch", "allowed_beside", "meant", "types_of"]

Branch: TypeAlias = list[ValidationError]
"""The errors of a value by one alternative."""


def types_of(branches: list[Branch], whole: ValidationError) -> list[str]:
    """Return the types of all alternatives, where the value is of none of them; else none."""
    found: dict[str, None] = {}
    for errors in branches:
        here = [error.kind for error in errors if error.instance_path == whole.instance_path]
        types = [kind.types for kind in here if isinstance(kind, Kind.Type)]
        if not types:
            return []
        found |= dict.fromkeys(types[0])
    return list(found)


def meant(branches: list[Branch], whole: ValidationError) -> Branch:
    """Return the errors of the alternative that was meant.

    That is one that accepts a value of this kind: a mapping was not meant as a word, nor a number
    as a list. Of several, it is the one with the fewest errors.
    """
    value = whole.instance

    def distance(errors: Branch) -> tuple[bool, bool, int]:
        here = [error for error in errors if error.instance_path == whole.instance_path]
        is_other = any(isinstance(error.kind, Kind.Type) for error in here)
        return is_other, any(_is_unlike(error, value) for error in here), len(errors)

    return min(branches, key=distance)


def allowed_beside(branches: list[Branch], chosen: Branch) -> list[str]:
    """Return the words that other alternatives let through, as they are shown."""
    found: dict[str, None] = {}
    for errors in branches:
        for error in errors if errors is not chosen else ():
            match error.kind:
                case Kind.Enum(options=options):
                    found |= dict.fromkeys(shown(option) for option in options)
                case Kind.Constant(expected_value=expected):
                    found[shown(expected)] = None
                case Kind.Type(types=["null"]):
                    found[in_words(["null"])] = None
                case _:
                    pass
    return list(found)


def _is_unlike(error: ValidationError, value: object) -> bool:
    """Return whether a value is of another kind than all that a rule lists."""
    match error.kind:
        case Kind.Enum(options=options):
            return not any(_kind(option) == _kind(value) for option in options)
        case Kind.Constant(expected_value=expected):
            return _kind(expected) != _kind(value)
        case _:
            return False


def _kind(value: object) -> str:
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case _:
            return type(value).__name__
