"""Diagnostics for CI servers that show results of tests: JUnit's XML.

A file is a suite, a finding a test: an error one that fails, a warning one that says something.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from arctic_training.diagnostics.diagnostic import Diagnostic, Severity
from arctic_training.diagnostics.text import block

__all__ = ["render"]

_NOT_XML: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot contain, not even escaped."""


def render(diagnostics: list[Diagnostic]) -> str:
    """Render one document, also where there is nothing to say."""
    suites = [
        _suite(path, list(found))
        for path, found in groupby(diagnostics, lambda diagnostic: diagnostic.span.source.path)
    ]
    counts = _counts(diagnostics)
    text = f'<testsuites name="arctic-gen" {counts}>\n{"".join(suites)}</testsuites>\n'
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'


def _suite(path: str, found: list[Diagnostic]) -> str:
    cases = "".join(map(_case, found))
    return f"  <testsuite name={_quoted(path)} {_counts(found)}>\n{cases}  </testsuite>\n"


def _case(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    name = _quoted(f"{span.line}:{span.column} {diagnostic.code}")
    place = f"classname={_quoted(span.source.path)} file={_quoted(span.source.path)}"
    said = escape(_NOT_XML.sub(" ", block(diagnostic)))
    if diagnostic.severity is Severity.ERROR:
        message = f"type={_quoted(diagnostic.code)} message={_quoted(diagnostic.sentence)}"
        result = f"<failure {message}>{said}</failure>"
    else:
        result = f"<system-out>{said}</system-out>"
    return f'    <testcase name={name} {place} line="{span.line}">\n{result}\n    </testcase>\n'


def _counts(found: Iterable[Diagnostic]) -> str:
    severities = [diagnostic.severity for diagnostic in found]
    return f'tests="{len(severities)}" failures="{severities.count(Severity.ERROR)}" errors="0"'


def _quoted(text: str) -> str:
    return quoteattr(_NOT_XML.sub(" ", text))
