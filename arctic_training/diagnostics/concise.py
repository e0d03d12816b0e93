"""Concise rendering: one line a finding."""

from __future__ import annotations

from arctic_training.diagnostics.diagnostic import Diagnostic
from arctic_training.diagnostics.text import head, visible

__all__ = ["render"]


def render(diagnostics: list[Diagnostic]) -> str:
    """Render ``path:line:column: error[code]: message``, and the help, of each finding."""
    return "".join(f"{head(diagnostic)}{_remedy(diagnostic)}\n" for diagnostic in diagnostics)


def _remedy(diagnostic: Diagnostic) -> str:
    """Return the help on the same line; code to paste has none there."""
    return f"; help: {visible(diagnostic.help).rstrip(':')}" if diagnostic.help else ""
