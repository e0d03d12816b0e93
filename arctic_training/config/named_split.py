"""`NAME:SPLIT`: a data set and its split in one string."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

__all__ = ["NAMES_SPLIT", "name_and_split", "with_split_names"]

_WORDS: Final = r"\w+(?:\.\w+)*"
_PART: Final = r"(?:\[[^\[\]]*\])?(?:\([^()]*\))?"
_SPLIT: Final = rf"(?:{_WORDS}{_PART})(?:\s*\+\s*{_WORDS}{_PART})*"
_PLAIN: Final = _SPLIT.replace(_WORDS, r"\w+")

NAMES_SPLIT: Final = rf"^(?:[^./~:][^:]*:{_SPLIT}|[./~].*:{_PLAIN})$"
"""`NAME:SPLIT`. Behind a path, a split has no dot: `./rows:v2.jsonl` is a file."""

_NAMES_SPLIT: Final = re.compile(NAMES_SPLIT)
_AT_END: Final = re.compile(rf":{_SPLIT}$")
_SPLIT_NAME: Final = re.compile(rf"{_WORDS}(?=[\[(+\s]|$)")


def name_and_split(text: str) -> tuple[str, str]:
    """Return the parts of `NAME:SPLIT`; the split is empty where there is none."""
    found = _AT_END.search(text) if _NAMES_SPLIT.match(text) else None
    return (text[: found.start()], text[found.start() + 1 :]) if found else (text, "")


def with_split_names(split: str, names: Mapping[str, str]) -> str:
    """Return a split such as `train[:10%]+test` with other names; the parts stay."""
    return _SPLIT_NAME.sub(lambda found: names.get(found[0], found[0]), split)
