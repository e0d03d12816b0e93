"""Invisible characters, by a table that does not depend on the version of Python.

``str.isprintable`` and ``repr`` ask the Unicode database of the running Python, which grows with
each release, and what is generated has to be the same under all of them.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["UNSEEN"]

UNSEEN: Final = re.compile(
    r"[\x00-\x1f\x7f-\xa0\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u1680\u180e"
    r"\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ud800-\uf8ff\ufeff\ufff0-\ufffb\ufffe\uffff"
    r"\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e007f\U000f0000-\U0010ffff]"
)
"""One invisible character: a control, a space other than ` `, a mark of direction or of format, a
surrogate, a private-use character, or a code point reserved for one of these.
"""
