"""Diagnostics for scripts and narrow places: one line a finding."""

from __future__ import annotations

from arctic_training.diagnostics.diagnostic import Diagnostic
from arctic_training.diagnostics.text import head

__all__ = ["render"]


def render(diagnostics: list[Diagnostic]) -> str:
    """Render ``path:line:column: error[code]: message`` of each finding."""
    return "".join(f"{head(diagnostic)}\n" for diagnostic in diagnostics)
