"""Rows of CSV and TSV files: every cell is text, and an empty cell is null."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from arctic_training.data.sources.reading import UnreadableError, read_lines
from arctic_training.diagnostics.plurals import counted

__all__ = ["csv_header", "csv_rows", "tsv_header", "tsv_rows"]

_LONGEST_CELL: Final = 2**28
_MOST_LINES: Final = 1000
"""Lines that a cell of a TSV file may have."""

_QUOTED: Final = re.compile(r'"((?:[^"]|"")*)"', re.DOTALL)
_OTHER_SEPARATORS: Final = ";|\t,"
_QUOTE_HINT: Final = (
    'close each cell that begins with `"`, and write `"` twice inside it, or use JSON lines'
)


def csv_header(path: Path) -> list[str]:
    """Return the columns of a CSV file, as often as they are named; none for an empty file.

    Raises:
        OSError: it cannot be read.
        UnreadableError: it is not UTF-8, or its cells are not separated by commas.

    """
    return _checked_header(path, ",", next(_csv_records(path), (1, []))[1])


def csv_rows(path: Path) -> Iterator[dict[str, object]]:
    """Iterate over the rows of a CSV file, whose cells may be quoted (RFC 4180).

    Raises:
        OSError: it cannot be read.
        UnreadableError: a quoted cell is not closed, or a row has not as many cells as the header.

    """
    records = _csv_records(path)
    header = _checked_header(path, ",", next(records, (1, []))[1])
    for line, cells in records:
        yield _row(path, line, header, cells)


def tsv_header(path: Path) -> list[str]:
    """Return the columns of a TSV file, as often as they are named; none for an empty file.

    Raises:
        OSError: it cannot be read.
        UnreadableError: it is not UTF-8, or its cells are not separated by tabs.

    """
    return _tsv_header(path, _Lines(path))


def tsv_rows(path: Path) -> Iterator[dict[str, object]]:
    """Iterate over the rows of a TSV file.

    A row is a line, and a quotation mark is text. Many programs quote a cell that has a tab, a
    line break or a quotation mark in it: a cell that is quoted from begin to end is read
    without its quotes, over several lines unless each of these is a row.

    Raises:
        OSError: it cannot be read.
        UnreadableError: a row has not as many cells as the header.

    """
    lines = _Lines(path)
    header = _tsv_header(path, lines)
    while (text := lines.peek(0)) is not None:
        line = lines.number
        if _without_end(text):
            yield _row(path, line, header, _tsv_cells(path, lines, len(header)))
        else:
            lines.drop(1)


def _csv_records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Iterate over the rows that are not empty, and the lines that they begin in."""
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader((line for _, line in read_lines(path)), strict=True)
    while True:
        begin = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise _unclosed(path, begin, error) from error
        if cells is None:
            return
        if cells:
            yield begin, cells


def _unclosed(path: Path, line: int, error: csv.Error) -> UnreadableError:
    if "new-line" in str(error):
        hint = "end lines with line feeds: `tr '\\r' '\\n' < OLD > NEW`"
        return UnreadableError(path, line, "carriage return outside of a quoted cell", hint)
    reason = f"the row that begins here has a quoted cell that is not closed ({error})"
    return UnreadableError(path, line, reason, _QUOTE_HINT)


def _checked_header(path: Path, separator: str, header: list[str]) -> list[str]:
    if len(header) == 1:
        other = next((s for s in _OTHER_SEPARATORS if s != separator and s in header[0]), None)
        if other:
            reason = f"the header has no {_shown(separator)} but {_shown(other)} between its names"
            hint = "separate cells by `,` in a .csv file, and by tabs in a .tsv file"
            raise UnreadableError(path, 1, reason, hint)
    return header


def _shown(separator: str) -> str:
    return "tab" if separator == "\t" else f"`{separator}`"


def _row(path: Path, line: int, header: list[str], cells: list[str]) -> dict[str, object]:
    if len(cells) != len(header):
        reason = f"expected {counted(len(header), 'cell')} as in the header, found {len(cells)}"
        hint = "quote cells that have separators or line breaks in them, or use JSON lines"
        raise UnreadableError(path, line, reason, hint)
    return {name: cell or None for name, cell in zip(header, cells, strict=True)}


class _Lines:
    """Lines of a file, some of which may be looked at ahead."""

    def __init__(self, path: Path) -> None:
        self._lines = (line for _, line in read_lines(path))
        self._ahead: deque[str] = deque()
        self.number = 1

    def peek(self, offset: int) -> str | None:
        """Return a line from the next one on, with its end; None behind the last."""
        self._ahead.extend(islice(self._lines, max(0, offset + 1 - len(self._ahead))))
        return self._ahead[offset] if offset < len(self._ahead) else None

    def drop(self, number: int) -> None:
        """Skip a number of lines."""
        for _ in range(number):
            self._ahead.popleft()
        self.number += number


def _tsv_header(path: Path, lines: _Lines) -> list[str]:
    while (text := lines.peek(0)) is not None:
        lines.drop(1)
        if first := _without_end(text):
            return _checked_header(path, "\t", [*map(_unquoted, first.split("\t"))])
    return []


def _tsv_cells(path: Path, lines: _Lines, width: int) -> list[str]:
    """Return the cells of the row that comes next."""
    line, cells = lines.number, _without_end(lines.peek(0) or "").split("\t")
    if any(cell.startswith('"') and not _QUOTED.fullmatch(cell) for cell in cells):
        quoted, number = _quoted_record(lines)
        rows = (lines.peek(i) or "" for i in range(number))
        if len(quoted) == width:
            if width == 1 and number > 1:
                reason = 'it is not clear whether `"` opens a cell of several lines'
                raise UnreadableError(path, line, reason, "use JSON lines")
            if any(row.count("\t") + 1 != width for row in rows):
                lines.drop(number)
                return quoted
    lines.drop(1)
    return [*map(_unquoted, cells)]


def _quoted_record(lines: _Lines) -> tuple[list[str], int]:
    """Return the cells of the row that comes next as a quoted one, and its number of lines."""
    offsets = range(_MOST_LINES)
    texts = (text for text in map(lines.peek, offsets) if text is not None)
    reader = csv.reader(texts, delimiter="\t", strict=True)
    try:
        cells = next(reader)
    except csv.Error:
        return [], 0
    return cells, reader.line_num


def _without_end(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r")


def _unquoted(cell: str) -> str:
    match = _QUOTED.fullmatch(cell)
    return match[1].replace('""', '"') if match else cell
