"""Rows of local files of any format: their columns, and their values one by one."""

from __future__ import annotations

import os
import pickle
import tempfile
import weakref
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Final, TypeAlias

from arctic_training.data.sources.dataset import Indices, SizedDataset
from arctic_training.data.sources.delimited_rows import csv_header, csv_rows, tsv_header, tsv_rows
from arctic_training.data.sources.json_rows import json_rows
from arctic_training.data.sources.reading import read_text
from arctic_training.fs.user_cache import cache_folder

__all__ = ["FORMATS", "Row", "file_columns", "file_rows", "stored"]

Row: TypeAlias = Mapping[str, object]
"""Values of a row by its columns, as JSON has them."""

_TEXT: Final = "text"
_MOST_ROWS: Final = 10_000
"""Rows of JSON files that are searched for a column; a row need not have all of them."""


@dataclass(frozen=True, slots=True)
class _Format:
    """Format of files: how to read rows of some columns; what columns it has, if its files say."""

    rows: Callable[[Path, list[str]], Iterator[Row]]
    columns: Callable[[Path], list[str]] | None


def _parquet(path: Path, columns: list[str]) -> Iterator[Row]:
    from arctic_training.data.sources.arrow_rows import parquet_rows

    return parquet_rows(path, columns)


def _parquet_columns(path: Path) -> list[str]:
    from arctic_training.data.sources.arrow_rows import parquet_columns

    return parquet_columns(path)


def _arrow(path: Path, columns: list[str]) -> Iterator[Row]:
    from arctic_training.data.sources.arrow_rows import arrow_rows

    return arrow_rows(path, columns)


def _arrow_columns(path: Path) -> list[str]:
    from arctic_training.data.sources.arrow_rows import arrow_columns

    return arrow_columns(path)


FORMATS: Final = {
    "arrow": _Format(_arrow, _arrow_columns),
    "csv": _Format(lambda path, _: csv_rows(path), csv_header),
    "json": _Format(lambda path, _: json_rows(path), None),
    "parquet": _Format(_parquet, _parquet_columns),
    "text": _Format(lambda path, _: iter([{_TEXT: read_text(path)}]), lambda _: [_TEXT]),
    "tsv": _Format(lambda path, _: tsv_rows(path), tsv_header),
}
"""Formats of files by their names."""


def file_columns(kind: str, paths: Sequence[Path], choices: Sequence[Collection[str]]) -> list[str]:
    """Return the columns that all files have, each as often as the first file names it.

    Rows of JSON are read until all columns of one of the choices were there, up to a limit.
    Files without rows have no columns.

    Raises:
        OSError: a file cannot be read.
        UnreadableError: a file is not of this format.

    """
    named = FORMATS[kind].columns
    if named is None:
        return _seen(kind, paths, choices)
    first, *others = [names for names in map(named, paths) if names] or [[]]
    common = set(first).intersection(*others)
    return [name for name in first if name in common]


def file_rows(kind: str, paths: Sequence[Path], columns: list[str]) -> Iterator[Row]:
    """Iterate over the rows of files; a row without one of the columns has null there.

    Raises:
        OSError: a file cannot be read.
        UnreadableError: a file is not of this format.

    """
    for path in paths:
        for row in FORMATS[kind].rows(path, columns):
            yield {name: row.get(name) for name in columns}


class _Stored:
    """Rows in a temporary file without a name, which goes with the last reference to it.

    Memory holds 8 bytes of a row. Pickling takes a quarter of the time of JSON.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        file, name = tempfile.mkstemp(dir=cache_folder("rows"))
        Path(name).unlink()
        self._file = file
        weakref.finalize(self, os.close, file)
        self._ends = array("q", [0])
        with os.fdopen(os.dup(file), "wb") as writer:
            for row in rows:
                self._ends.append(self._ends[-1] + writer.write(pickle.dumps(row)))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def load(self, indices: Indices) -> Iterator[Row]:
        for index in indices.tolist():
            begin, end = self._ends[index], self._ends[index + 1]
            yield pickle.loads(os.pread(self._file, end - begin, begin))  # noqa: S301 - written here


def stored(rows: Iterable[Row]) -> SizedDataset[Row]:
    """Read all rows into a temporary file, from which they are read in any order.

    Raises:
        OSError: the user's cache has no room for them.

    """
    found = _Stored(rows)
    return SizedDataset(len(found), found.load)


def _seen(kind: str, paths: Sequence[Path], choices: Sequence[Collection[str]]) -> list[str]:
    rows = chain.from_iterable(FORMATS[kind].rows(path, []) for path in paths)
    names: dict[str, None] = {}
    for row in islice(rows, _MOST_ROWS):
        names |= dict.fromkeys(row)
        if any({*choice} <= names.keys() for choice in choices):
            break
    return [*names]
