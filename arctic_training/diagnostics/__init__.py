"""Findings about documents: the value, and its renderings."""

from __future__ import annotations

from arctic_training.diagnostics.diagnostic import (
    Diagnostic,
    Related,
    Severity,
    Source,
    Span,
    has_errors,
)
from arctic_training.diagnostics.render import Format, render
from arctic_training.diagnostics.suggest import did_you_mean, known_words, nearest

__all__ = [
    "Diagnostic",
    "Format",
    "Related",
    "Severity",
    "Source",
    "Span",
    "did_you_mean",
    "has_errors",
    "known_words",
    "nearest",
    "render",
]
