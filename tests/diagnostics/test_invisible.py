"""Which characters are not seen."""

from __future__ import annotations

import sys
import unicodedata

from arctic_training.diagnostics.invisible import UNSEEN

_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Zs"}
"""Controls, formats, surrogates, private use and separators."""


def test_the_table_agrees_with_unicode() -> None:
    """Of what the Unicode of this Python knows, what is not seen is in the table, and no more."""
    known = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) != "Cn"]
    expected = [c for c in known if unicodedata.category(c) in _CATEGORIES and c != " "]
    assert expected == [c for c in known if UNSEEN.match(c)]
