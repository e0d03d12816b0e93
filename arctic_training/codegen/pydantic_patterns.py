r"""Regular expressions of JSON Schema (ECMA 262) for the engine of the models.

In JSON Schema, `\d` and `\w` are of ASCII; for the `regex` crate of Rust, which pydantic uses,
they are of all scripts, and inside brackets some punctuation works on sets.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["rust_pattern"]

_SPACE: Final = r"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_CLASSES: Final = {"d": "0-9", "w": "A-Za-z0-9_", "s": _SPACE}
_TOKEN: Final = re.compile(r"\\c([A-Za-z])|\\([\s\S])|[\s\S]")
_OF_SETS: Final = "&~-["


def rust_pattern(pattern: str) -> str:
    """Return the expression that means in Rust what ``pattern`` means in JSON Schema."""
    parts: list[str] = []
    inside = False
    previous = ""
    for token in _TOKEN.finditer(pattern):
        text = token[0]
        parts.append(_translated(token, is_twice=inside and text == previous))
        if not token[2] and not token[1]:
            inside = text == "[" or (inside and text != "]")
        previous = text
    return "".join(parts)


def _translated(token: re.Match[str], *, is_twice: bool) -> str:
    control, escaped = token[1], token[2]
    if control:
        return f"\\x{ord(control) % 32:02x}"
    if escaped and (members := _CLASSES.get(escaped.lower())):
        return f"[^{members}]" if escaped.isupper() else f"[{members}]"
    return f"\\{token[0]}" if is_twice and token[0] in _OF_SETS else token[0]
