"""Edits, carried out on the text that they were made for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from arctic_training.diagnostics import Source
from arctic_training.fs.atomic_file import replace_text
from arctic_training.lint.rule import Edit

__all__ = ["apply", "edited"]


def edited(source: Source, edits: Iterable[Edit]) -> str:
    """Return a text after its edits; of two that overlap, the first in the text is made."""
    text, done = "", 0
    for edit in sorted(edits, key=lambda edit: (edit.span.line, edit.span.column)):
        stretch = edit.span.stretch
        if stretch.start >= done:
            text += source.text[done : stretch.start] + edit.text
            done = stretch.stop
    return text + source.text[done:]


def apply(edits: Iterable[Edit]) -> list[Path]:
    """Write the files anew that some edits are for; return them."""
    by_source: dict[Source, list[Edit]] = {}
    for edit in edits:
        by_source.setdefault(edit.span.source, []).append(edit)
    for source, own in by_source.items():
        replace_text(Path(source.path), edited(source, own))
    return [Path(source.path) for source in by_source]
