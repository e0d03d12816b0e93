"""The table of codes: each code of a finding has one meaning and a section in the reference."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from arctic_training.breaking.rules import RULES as BREAKING_RULES
from arctic_training.diagnostics.codes import CODES
from arctic_training.document import JSON
from arctic_training.lint.rules import RULES as LINT_RULES
from tests.support import ROOT, arctic_gen

_FIRST = {"_Answer", "_error", "_refuse"}
"""Functions whose first argument is a code."""


def _package() -> Iterator[ast.AST]:
    for path in (ROOT / "arctic_training").rglob("*.py"):
        if path.name != "codes.py":
            yield from ast.walk(ast.parse(path.read_text("utf-8")))


def _text(node: ast.expr | None) -> str:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if is_text and isinstance(node, ast.Constant) else ""


def _emitted() -> set[str]:
    """Return the codes that the package states: as arguments, defaults and marks of schemas."""
    found: set[str] = set()
    for node in _package():
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *_]):
                found |= {_text(first)} if name in _FIRST else set()
            case ast.arguments(kwonlyargs=named, kw_defaults=defaults):
                found |= {_text(d) for a, d in zip(named, defaults, strict=True) if a.arg == "code"}
            case ast.Dict(keys=keys, values=values):
                pairs = zip(keys, values, strict=True)
                found |= {_text(v) for k, v in pairs if _text(k) == "x-code"}
            case _:
                pass
        if isinstance(node, ast.Call):
            found |= {_text(k.value) for k in node.keywords if k.arg == "code"}
    return {code for code in found if re.fullmatch(r"[a-z]+(-[a-z]+)*", code)}


def _marked(value: JSON) -> Iterator[str]:
    if isinstance(value, dict):
        yield from [str(value["x-code"])] if "x-code" in value else []
        for inner in value.values():
            yield from _marked(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _marked(inner)


def test_every_code_that_is_emitted_has_a_meaning() -> None:
    """Every code of a finding, in code and in schemas, is in the table."""
    schema = json.loads((ROOT / "schemas/trainer.schema.json").read_text("utf-8"))
    assert {*_emitted(), *_marked(schema)} - {*CODES} == set()


def test_the_table_has_no_other_codes() -> None:
    """Every code of the table is a string of the package beside the table."""
    texts = {node.value for node in _package() if isinstance(node, ast.Constant)}
    assert {*CODES} - texts == set()


def test_codes_and_rules_do_not_share_names() -> None:
    """A code, a rule of lint and a rule of breaking changes never have the same name."""
    assert CODES.keys() & (LINT_RULES.keys() | BREAKING_RULES.keys()) == set()


def test_every_code_has_a_section_in_the_reference() -> None:
    """The section that a finding names exists, and says what the table says."""
    page = (ROOT / "docs/reference/diagnostics.md").read_text("utf-8")
    for code, meaning in CODES.items():
        assert f"\n## {code}\n\n{meaning}\n" in page


def test_explain_prints_the_meaning_of_a_code(tmp_path: Path) -> None:
    """`arctic-gen explain CODE` prints what the table says."""
    for code, meaning in CODES.items():
        assert arctic_gen("explain", code, folder=tmp_path).out.startswith(f"{code}: {meaning} ")
