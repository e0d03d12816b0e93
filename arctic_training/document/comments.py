"""The comments of a YAML text, which the parser passes over."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, TypeAlias

import yaml

from arctic_training.diagnostics import Source, Span
from arctic_training.document.json_reader import JSONReader, NotJSONError, may_be_json

__all__ = ["comments"]

_Place: TypeAlias = tuple[int, int]

_END: Final = (sys.maxsize, 1)
_START: Final = re.compile(r"(?:^|(?<=[ \t]))#")
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def comments(source: Source) -> Iterator[Span]:
    """Iterate over the comments of valid YAML, each from its `#` to the end of its line.

    JSON has none.
    """
    if may_be_json(source):
        with suppress(NotJSONError):
            JSONReader(source).document()
            return
    texts = _texts(source)
    first, last = next(texts)
    for number, line in enumerate(source.lines, 1):
        for start in _START.finditer(line):
            place = (number, start.start() + 1)
            while last <= place:
                first, last = next(texts)
            if place < first:
                yield Span(source, *place, number, len(line) + 1)
                break


def _texts(source: Source) -> Iterator[tuple[_Place, _Place]]:
    """Iterate over the spans of scalars, in which a `#` is an ordinary character, and the end."""
    for token in yaml.scan(source.text, Loader=_LOADER):
        if isinstance(token, yaml.ScalarToken):
            yield _place(token.start_mark), _place(token.end_mark)
    yield _END, _END


def _place(mark: yaml.Mark) -> _Place:
    return mark.line + 1, mark.column + 1
