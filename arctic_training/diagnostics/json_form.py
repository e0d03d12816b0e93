"""Diagnostics for programs: one JSON object."""

from __future__ import annotations

import json

from arctic_training.diagnostics.diagnostic import Diagnostic, Span

__all__ = ["render"]

_VERSION = 1


def render(diagnostics: list[Diagnostic]) -> str:
    """Render one JSON object; lines and columns count from 1."""
    found = [_finding(diagnostic) for diagnostic in diagnostics]
    return json.dumps({"version": _VERSION, "diagnostics": found}, indent=2) + "\n"


def _finding(diagnostic: Diagnostic) -> dict[str, object]:
    return _place(diagnostic.span) | {
        "code": diagnostic.code,
        "severity": str(diagnostic.severity),
        "message": diagnostic.message,
        "note": diagnostic.note,
        "help": diagnostic.help,
        "hint": diagnostic.help,
        "suggestion": diagnostic.suggestion,
        "paste": diagnostic.paste,
        "docs": diagnostic.docs,
        "related": [_place(r.span) | {"message": r.message} for r in diagnostic.related],
    }


def _place(span: Span) -> dict[str, object]:
    return {
        "path": span.source.path,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }
