"""Fixes, applied to the text that they were made for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from arctic_training.definition.rules import Fix
from arctic_training.diagnostics import Source
from arctic_training.fs.atomic_file import replace_text

__all__ = ["apply_fixes", "fixed"]


def fixed(source: Source, fixes: Iterable[Fix]) -> str:
    """Return the source after its fixes; of two that overlap, the first is applied."""
    text, done = "", 0
    for fix in sorted(fixes, key=lambda fix: (fix.span.line, fix.span.column)):
        stretch = fix.span.stretch
        if stretch.start >= done:
            text += source.text[done : stretch.start] + fix.text
            done = stretch.stop
    return text + source.text[done:]


def apply_fixes(fixes: Iterable[Fix]) -> list[Path]:
    """Rewrite the files that some fixes are for; return them."""
    by_source: dict[Source, list[Fix]] = {}
    for fix in fixes:
        by_source.setdefault(fix.span.source, []).append(fix)
    for source, own in by_source.items():
        replace_text(Path(source.path), fixed(source, own))
    return [Path(source.path) for source in by_source]
