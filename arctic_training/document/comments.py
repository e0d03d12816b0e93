"""The comments of a YAML text, which the parser passes over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import yaml

from arctic_training.diagnostics import Source, Span

__all__ = ["comments"]

_START: Final = re.compile(r"(?:^|(?<=[ \t]))#")
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def comments(source: Source) -> Iterator[Span]:
    """Iterate over the comments of a text that parses, each from its `#` to the end of its line."""
    taken = _taken(source)
    for number, line in enumerate(source.lines, 1):
        for start in _START.finditer(line):
            column = start.start() + 1
            if not any(first <= (number, column) < last for first, last in taken):
                yield Span(source, number, column, number, len(line) + 1)
                break


def _taken(source: Source) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return where texts stand, in which a `#` is a character like others."""
    return [
        (_place(token.start_mark), _place(token.end_mark))
        for token in yaml.scan(source.text, Loader=_LOADER)
        if isinstance(token, yaml.ScalarToken)
    ]


def _place(mark: yaml.Mark) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1
