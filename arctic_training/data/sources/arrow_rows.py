"""Rows of Parquet and Arrow files, with the values that JSON has."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import pyarrow as pa
from pyarrow import ipc, parquet, types

from arctic_training.data.sources.reading import UnreadableError

__all__ = ["arrow_columns", "arrow_rows", "parquet_columns", "parquet_rows"]

_AT_ONCE: Final = 256

_Convert: TypeAlias = Callable[[Any], object]


def parquet_columns(path: Path) -> list[str]:
    """Return the columns of a Parquet file.

    Raises:
        OSError: it cannot be read.
        UnreadableError: it is not a Parquet file.

    """
    with _opened_parquet(path) as file:
        return [*file.schema_arrow.names]


def parquet_rows(path: Path, columns: list[str]) -> Iterator[dict[str, object]]:
    """Iterate over the rows of a Parquet file, of these columns if it has them.

    Raises:
        OSError: it cannot be read.
        UnreadableError: it is not a Parquet file.

    """
    with _opened_parquet(path) as file:
        names = [*file.schema_arrow.names]
        # A dot means a member of a column to the reader, so that such a name cannot be selected.
        chosen = (
            None if any("." in name for name in columns) else [c for c in columns if c in names]
        )
        for batch in file.iter_batches(_AT_ONCE, columns=chosen):
            yield from _rows(batch, columns)


def arrow_columns(path: Path) -> list[str]:
    """Return the columns of an Arrow file.

    Raises:
        OSError: it cannot be read.
        UnreadableError: it is not an Arrow file.

    """
    return [*_opened_arrow(path).schema.names]


def arrow_rows(path: Path, columns: list[str]) -> Iterator[dict[str, object]]:
    """Iterate over the rows of an Arrow file, stream or not, of these columns if it has them.

    Raises:
        OSError: it cannot be read.
        UnreadableError: it is not an Arrow file.

    """
    reader = _opened_arrow(path)
    is_file = isinstance(reader, ipc.RecordBatchFileReader)
    batches = map(reader.get_batch, range(reader.num_record_batches)) if is_file else reader
    for batch in batches:
        for start in range(0, batch.num_rows, _AT_ONCE):
            yield from _rows(batch.slice(start, _AT_ONCE), columns)


def _opened_parquet(path: Path) -> parquet.ParquetFile:
    try:
        return parquet.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise UnreadableError(path, None, f"it is not a Parquet file: {error}") from error


def _opened_arrow(path: Path) -> ipc.RecordBatchFileReader | ipc.RecordBatchStreamReader:
    for opened in (ipc.open_file, ipc.open_stream):
        try:
            return opened(pa.memory_map(str(path)))
        except pa.ArrowInvalid as error:
            reason = error
    raise UnreadableError(path, None, f"it is not an Arrow file: {reason}") from reason


def _rows(batch: pa.RecordBatch, columns: list[str]) -> Iterator[dict[str, object]]:
    names = [name for name in columns if name in batch.schema.names]
    values = [_values(batch.column(name)) for name in names]
    for row in zip(*values, strict=True) if names else [()] * batch.num_rows:
        yield dict(zip(names, row, strict=True))


def _values(array: pa.Array) -> list[object]:
    convert = _converter(array.type)
    values: list[object] = array.to_pylist(maps_as_pydicts="lossy")
    return values if convert is None else [*map(_unless_null(convert), values)]


def _converter(kind: pa.DataType) -> _Convert | None:
    """Return what makes of a value one that JSON has; None where it is one."""
    if isinstance(kind, pa.JsonType):
        return json.loads
    if types.is_struct(kind):
        return _of_struct({field.name: _converter(field.type) for field in kind})
    if types.is_map(kind):
        return _of_map(_converter(kind.item_type))
    if _is_list(kind):
        return _of_list(_converter(kind.value_type))
    if types.is_dictionary(kind):
        return _converter(kind.value_type)
    if types.is_temporal(kind) and not types.is_duration(kind):
        return _isoformat
    if _is_binary(kind):
        return _decoded
    is_json = types.is_primitive(kind) or types.is_null(kind) or _is_text(kind)
    return None if is_json and not types.is_duration(kind) else str


def _is_list(kind: pa.DataType) -> bool:
    tests = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    return any(test(kind) for test in tests)


def _is_binary(kind: pa.DataType) -> bool:
    tests = (types.is_binary, types.is_large_binary, types.is_fixed_size_binary)
    return any(test(kind) for test in tests)


def _is_text(kind: pa.DataType) -> bool:
    tests = (types.is_string, types.is_large_string, types.is_string_view)
    return any(test(kind) for test in tests)


def _isoformat(value: Any) -> str:  # noqa: ANN401 - a date, a time or both
    return str(value.isoformat())


def _decoded(value: bytes) -> str:
    return value.decode(errors="backslashreplace")


def _unless_null(convert: _Convert) -> _Convert:
    return lambda value: None if value is None else convert(value)


def _of_struct(members: dict[str, _Convert | None]) -> _Convert | None:
    changed = {name: _unless_null(each) for name, each in members.items() if each is not None}
    if not changed:
        return None
    return lambda value: value | {name: convert(value[name]) for name, convert in changed.items()}


def _of_list(item: _Convert | None) -> _Convert | None:
    if item is None:
        return None
    convert = _unless_null(item)
    return lambda value: [convert(each) for each in value]


def _of_map(item: _Convert | None) -> _Convert | None:
    if item is None:
        return None
    convert = _unless_null(item)
    return lambda value: {str(key): convert(each) for key, each in value.items()}
