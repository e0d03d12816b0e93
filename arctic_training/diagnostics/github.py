"""Diagnostics as annotations of a pull request: workflow commands of GitHub Actions."""

from __future__ import annotations

from arctic_training.diagnostics.diagnostic import Diagnostic
from arctic_training.diagnostics.text import advice

__all__ = ["render"]


def render(diagnostics: list[Diagnostic]) -> str:
    """Render one workflow command a finding."""
    return "".join(_annotation(diagnostic) for diagnostic in diagnostics)


def _annotation(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    properties = {
        "file": span.source.path,
        "line": str(span.line),
        "endLine": str(span.end_line),
        "col": str(span.column),
        "endColumn": str(span.end_column),
        "title": diagnostic.code,
    }
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    message = "\n".join(filter(None, advice(diagnostic)))
    return f"::{diagnostic.severity} {listed}::{_data(message)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
