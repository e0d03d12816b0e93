"""Messages, help, docstrings, comments and pages use the field's terms, in plain English."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support import ROOT

DIALECT: Final = {
    r"(?:is|are|was|were|be|been) told\b(?! apart)": "receives, knows",
    r"(?<!` )(?:is|are|was|were) taken": "is used, is read",
    r"taken (?:for|back)": "treated as; suppressed",
    r"takes? back": "suppress, undo",
    r"(?:go|goes|going|gone|went) on\b(?! (?:line|top))": "continue, resume",
    r"to go of": "remaining (of N)",
    r"anew": "again",
    r"of one's own": "your own, a custom",
    r"none such": "name the thing",
    r"(?:of|takes|for) such\b(?! an?\b)": "name the thing",
    r"stands?\b(?! for\b)|stood": "is",
    r"whereof|whence|thereof|therein|wherein": "of which, from where",
    r"hardly meant|what is right": "suspicious; valid",
    r"of ours": "our, internal, this package's",
    r"(?<!there )(?:is|are) no\b(?! (?:longer|more)\b)": "is not a",
    r"nobody": "never, no one; use the passive",
    r"a text": "a string",
    r"empty text": "empty string",
    r"whole numbers?": "integer",
    r"mend(?:s|ed|ing)?": "fix",
    r"trained tokens?": "tokens with loss, assistant tokens",
    r"to come by": "get",
    r"(?:shares?|shared|sharing|spreads?) out": "shard, partition",
    r"(?:both|two) sides": "chosen and rejected; completions",
    r"of (?:before|then)\b": "earlier, previous",
    r"so many": "this number of",
    r"all the same": "still, anyway",
    r"of itself": "by itself",
    r"a bug of": "an internal error",
}
"""Phrases that send a reader to a dictionary, each with plain terms for it."""

_PATTERN: Final = re.compile("|".join(rf"\b(?:{each})\b" for each in DIALECT), re.IGNORECASE)
_PAGES: Final = (
    "*.md",
    "schemas/*.json",
    "docs/**/*.md",
    "schemas/trainers/*.yaml",
    "examples/**/*.yaml",
)
_TEMPLATES: Final = ("arctic_training/**/*.j2",)
_CODE: Final = ("arctic_training/**/*.py", "docs/*.py", "examples/**/*.py")


def _written(path: Path) -> Iterator[str]:
    """Iterate over the texts of a file that somebody reads: strings and comments of Python."""
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        yield text
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.JoinedStr):
            parts = [n.value if isinstance(n, ast.Constant) else "{}" for n in node.values]
            yield "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def dialect(text: str) -> list[str]:
    """Return the phrases of the old dialect in a text, each with the words around it."""
    flat = " ".join(text.split())
    return [flat[max(0, m.start() - 40) : m.end() + 30] for m in _PATTERN.finditer(flat)]


def _group(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return "/".join(parts[:2] if parts[0] in {"arctic_training", "docs"} else parts[:1])


GROUPS: Final = sorted(
    {_group(p) for pattern in (*_PAGES, *_TEMPLATES, *_CODE) for p in ROOT.glob(pattern)}
)


@pytest.mark.parametrize("group", GROUPS)
def test_texts_use_plain_terms(group: str) -> None:
    """No string, docstring, comment or page has a phrase of the old dialect."""
    found = {
        f"{path.relative_to(ROOT)}: ...{phrase}..."
        for pattern in (*_PAGES, *_TEMPLATES, *_CODE)
        for path in ROOT.glob(pattern)
        if _group(path) == group
        for text in _written(path)
        for phrase in dialect(text)
    }
    assert sorted(found) == []


@pytest.mark.parametrize(
    "text",
    [
        "the value is told to the writer",
        "training goes on",
        "the state is made\n    anew",
        "the factory `x` stands here twice",
        "`x` is no file",
        "expected a text, found 3",
        "a bug of ours",
    ],
)
def test_the_old_dialect_is_found(text: str) -> None:
    """A phrase of the old dialect is found, also across a line break."""
    assert dialect(text)


@pytest.mark.parametrize(
    "text",
    ["there is no module `x`", "`x` is no longer used", "NAME stands for a section", "on and off"],
)
def test_plain_english_is_accepted(text: str) -> None:
    """Ordinary phrases that resemble the dialect are accepted."""
    assert dialect(text) == []
