"""Numbers as people write them in recipes: `2k`, `1Ki`, `50%`, `2^20`, `1_000`."""

from __future__ import annotations

import re
from decimal import Context, Decimal, DecimalException
from typing import Final

__all__ = ["NUMBER_PATTERN", "human_number"]

_MULTIPLES: Final[dict[str, int]] = {
    "": 1,
    "k": 10**3,
    "m": 10**6,
    "g": 10**9,
    "b": 10**9,
    "t": 10**12,
    "ki": 2**10,
    "mi": 2**20,
    "gi": 2**30,
    "ti": 2**40,
}
_PLAIN: Final = r"[-+]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)"
_SUFFIX: Final = r"[eE][-+]?\d{1,3}|\^[-+]?\d{1,4}(?:\.\d{1,9})?|%|[kKmMgGtT][iI]?|[bB]"
NUMBER_PATTERN: Final = f"^{_PLAIN}(?:{_SUFFIX})?$"
"""Pattern of strings that are read as numbers; valid in JSON Schema as well."""

_NUMBER: Final = re.compile(f"({_PLAIN})({_SUFFIX})?", re.ASCII)
_EXACT: Final = Context(prec=400)
_LARGEST: Final = Decimal(2**1023)


def human_number(text: str) -> int | float | None:
    """Return the number that ``text`` means, or None where it means none.

    ``k m b t`` (and ``g``) are powers of 1000, ``Ki Mi Gi Ti`` powers of 1024, in either case;
    ``N%`` is a hundredth, ``A^B`` a power, where a sign before ``A`` applies to the result.
    Whole results are integers: ``1.25k`` is 1250, ``50%`` is 0.5.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    try:
        value = _value(Decimal(match[1].replace("_", "")), (match[2] or "").lower())
    except DecimalException:  # such as 0^-1
        return None
    if not -_LARGEST <= value <= _LARGEST:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _value(number: Decimal, suffix: str) -> Decimal:
    if suffix == "%":
        return _EXACT.divide(number, Decimal(100))
    if suffix.startswith("^"):
        return _EXACT.power(number.copy_abs(), Decimal(suffix[1:])).copy_sign(number)
    if suffix.startswith("e"):
        return _EXACT.scaleb(number, int(suffix[1:]))
    return _EXACT.multiply(number, Decimal(_MULTIPLES[suffix]))
