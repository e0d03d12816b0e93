"""Plain scalars by the core schema of YAML 1.2: `1e-5` is a number, `no` is a string."""

from __future__ import annotations

import re
import sys
from typing import Final

from arctic_training.document.node import Scalar

__all__ = ["plain_scalar"]

_CONSTANTS: Final[dict[str, Scalar]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_OTHER_BASE: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_SPECIAL: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_MOST_DIGITS: Final = 400
_LARGEST: Final = sys.float_info.max


def plain_scalar(text: str) -> Scalar:
    """Return the value of an unquoted scalar.

    Raises:
        ValueError: the text is a number that no document here can mean: not finite, beyond what
            a float holds, or of more than 400 digits.

    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _SPECIAL.fullmatch(text):
        raise ValueError(f"`{text}` is not a finite number")
    if _OTHER_BASE.fullmatch(text) or _INTEGER.fullmatch(text) or _FLOAT.fullmatch(text):
        return _number(text)
    return text


def _number(text: str) -> int | float:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"a number of {len(text)} characters is longer than {_MOST_DIGITS}")
    if _OTHER_BASE.fullmatch(text):
        value: int | float = int(text, 0)
    else:
        value = int(text) if _INTEGER.fullmatch(text) else float(text)
    if abs(value) > _LARGEST:
        raise ValueError(f"`{text}` is too large a number")
    return value
