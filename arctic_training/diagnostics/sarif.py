"""Diagnostics for code-scanning services: a SARIF 2.1.0 log."""

from __future__ import annotations

import json
import os
from urllib.parse import quote

from arctic_training.diagnostics.codes import CODES
from arctic_training.diagnostics.diagnostic import Diagnostic, Span
from arctic_training.diagnostics.text import advice

__all__ = ["render"]


def render(diagnostics: list[Diagnostic]) -> str:
    """Render a log with one run."""
    pages = {diagnostic.code: diagnostic.docs for diagnostic in diagnostics}
    rules = [_rule(code, page) for code, page in sorted(pages.items())]
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


def _rule(code: str, page: str) -> dict[str, object]:
    rule: dict[str, object] = {"id": code, "helpUri": page}
    return rule | ({"shortDescription": {"text": CODES[code]}} if code in CODES else {})


def _result(diagnostic: Diagnostic) -> dict[str, object]:
    text = "\n".join(filter(None, advice(diagnostic)))
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
