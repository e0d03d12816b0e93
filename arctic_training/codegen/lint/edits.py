"""Edits, carried out on the text that they were made for."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from arctic_training.codegen.lint.rule import Edit
from arctic_training.diagnostics import Source, Span
from arctic_training.writable import replace_text

__all__ = ["apply", "edited"]

_LINE: Final = re.compile("[^\n\r\x85\u2028\u2029]*(?:\r\n|[\n\r\x85\u2028\u2029])?")


def edited(source: Source, edits: Iterable[Edit]) -> str:
    """Return a text after its edits; of two that overlap, the first in the text is made."""
    ends = itertools.accumulate((len(line) for line in _LINE.findall(source.text)), initial=0)
    starts = [*ends]
    text, done = "", 0
    for edit in sorted(edits, key=lambda edit: (edit.span.line, edit.span.column)):
        start, end = _offsets(edit.span, starts)
        if start >= done:
            text += source.text[done:start] + edit.text
            done = end
    return text + source.text[done:]


def apply(edits: Iterable[Edit]) -> list[Path]:
    """Write the files anew that some edits are for; return them."""
    by_source: dict[Source, list[Edit]] = {}
    for edit in edits:
        by_source.setdefault(edit.span.source, []).append(edit)
    for source, own in by_source.items():
        replace_text(Path(source.path), edited(source, own))
    return [Path(source.path) for source in by_source]


def _offsets(span: Span, starts: list[int]) -> tuple[int, int]:
    def offset(line: int, column: int) -> int:
        return min(starts[min(line, len(starts)) - 1] + column - 1, starts[-1])

    return offset(span.line, span.column), offset(span.end_line, span.end_column)
