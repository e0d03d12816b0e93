"""Diagnostics for code-scanning services: a SARIF 2.1.0 log."""

from __future__ import annotations

import json
import os
from urllib.parse import quote

from arctic_training.diagnostics.diagnostic import Diagnostic, Span

__all__ = ["render"]


def render(diagnostics: list[Diagnostic]) -> str:
    """Render a log with one run."""
    rules = [{"id": code} for code in sorted({diagnostic.code for diagnostic in diagnostics})]
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "arctic-gen", "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(diagnostic) for diagnostic in diagnostics],
            }
        ],
    }
    return json.dumps(log, indent=2) + "\n"


def _result(diagnostic: Diagnostic) -> dict[str, object]:
    text = "\n".join(filter(None, [diagnostic.sentence, diagnostic.hint, diagnostic.paste]))
    return {
        "ruleId": diagnostic.code,
        "level": str(diagnostic.severity),
        "message": {"text": text},
        "locations": [_location(diagnostic.span)],
        "relatedLocations": [
            _location(r.span) | {"message": {"text": r.message}}
            for r in dict.fromkeys(diagnostic.related)  # each once: the schema of SARIF asks for it
        ],
    }


def _location(span: Span) -> dict[str, object]:
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    artifact = {"uri": quote(os.fsencode(span.source.path))}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}
