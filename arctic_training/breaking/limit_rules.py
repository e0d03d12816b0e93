"""Rules about limits: values of the right type that are refused."""

from __future__ import annotations

from typing import Final

from arctic_training.breaking.complaints import of_limits
from arctic_training.breaking.rule import BreakingRule, Contract, field_rule
from arctic_training.breaking.types import core
from arctic_training.definition.fields.types import FieldType, Limits, ListType, ScalarType

__all__ = ["LIMIT_RULES"]


def _limits(kind: FieldType) -> dict[str, int | float | str]:
    kind = core(kind)
    limits: Limits = kind.limits if isinstance(kind, ScalarType | ListType) else ()
    return dict(limits)


def _bound(kind: FieldType, *names: str, sign: int) -> tuple[float, bool]:
    """Return how far a value has to be on the right side of a limit, and whether beyond it."""
    limits = _limits(kind)
    given = [(sign * float(limits[n]), n.startswith("exclusive")) for n in names if n in limits]
    return max(given, default=(float("-inf"), False))


def _change(old: FieldType, new: FieldType, *names: str) -> str:
    """Return which limits there are now, and which there were."""
    before, now = (
        " and ".join(f"`{name}: {limits[name]}`" for name in names if name in limits)
        for limits in map(_limits, (old, new))
    )
    return f"{now} in place of {before}" if before else f"{now} is new"


def _range(old: FieldType, new: FieldType) -> str:
    ways = (("minimum", "exclusiveMinimum", 1), ("maximum", "exclusiveMaximum", -1))
    for plain, exclusive, sign in ways:
        before = _bound(old, plain, exclusive, sign=sign)
        if _bound(new, plain, exclusive, sign=sign) > before:
            return f"has a narrower range: {_change(old, new, plain, exclusive)}"
    before_step, step = (_limits(kind).get("multipleOf", 0) for kind in (old, new))
    every = float(step) if step else 0
    if every and not _is_whole(old, every) and (not before_step or float(before_step) % every):
        return f"has a narrower range: {_change(old, new, 'multipleOf')}"
    return ""


def _is_whole(kind: FieldType, step: float) -> bool:
    """Return whether every value of a type is a multiple of a step without saying so."""
    kind = core(kind)
    return isinstance(kind, ScalarType) and kind.kind == "integer" and step == 1


def _length(old: FieldType, new: FieldType) -> str:
    for name, sign in (("minLength", 1), ("minItems", 1), ("maxLength", -1), ("maxItems", -1)):
        if _bound(new, name, sign=sign) > _bound(old, name, sign=sign):
            return f"has a narrower length: {_change(old, new, name)}"
    return ""


def _pattern(old: FieldType, new: FieldType) -> str:
    before, now = (_limits(kind).get("pattern") for kind in (old, new))
    return "has another pattern" if now is not None and now != before else ""


def _unique(old: FieldType, new: FieldType) -> str:
    match core(old), core(new):
        case ListType(is_unique=False), ListType(is_unique=True):
            return "cannot hold a value twice any more"
        case _:
            return ""


LIMIT_RULES: Final[tuple[BreakingRule, ...]] = (
    field_rule(
        Contract.RECIPE,
        "range-narrowed",
        "A number has to be larger, smaller or a multiple of something than before.",
        of_limits(_range),
        "type: number, minimum: 0",
        "type: number, exclusiveMinimum: 0",
        "type: number, minimum: -1",
    ),
    field_rule(
        Contract.RECIPE,
        "length-narrowed",
        "A string or a list has to be longer or shorter than before.",
        of_limits(_length),
        "type: array, items: {type: integer}, maxItems: 3",
        "type: array, items: {type: integer}, maxItems: 2",
        "type: array, items: {type: integer}",
    ),
    field_rule(
        Contract.RECIPE,
        "pattern-changed",
        "A string needs another form; of two patterns, the wider one cannot be determined.",
        of_limits(_pattern),
        "type: string, pattern: '^a+$'",
        "type: string, pattern: '^a*$'",
        "type: string",
    ),
    field_rule(
        Contract.RECIPE,
        "repetition-refused",
        "A list must not hold a value twice any more.",
        of_limits(_unique),
        "type: array, items: {type: integer}",
        "type: array, items: {type: integer}, uniqueItems: true",
        "type: array, items: {type: integer}, uniqueItems: false",
    ),
)
"""The rules about limits, of the contract of recipes."""
