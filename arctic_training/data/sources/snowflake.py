"""Data source of tables, queries and datasets in Snowflake, read with Snowpark."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import compress, count
from typing import Final, Generic, TypeVar

import numpy as np
from typing_extensions import override

from arctic_training.config.source import SnowflakeSourceConfig
from arctic_training.data.sources.dataset import Dataset, Indices, SizedDataset
from arctic_training.data.sources.item_kinds import ItemKind
from arctic_training.data.sources.row_files import Row
from arctic_training.data.sources.snowpark import Frame, Session, session
from arctic_training.data.sources.source import Refusal, Source
from arctic_training.diagnostics import did_you_mean, known_words
from arctic_training.errors import RecipeError
from arctic_training.hub.loading import first_line

__all__ = ["SnowflakeSource"]

Item_co = TypeVar("Item_co", covariant=True)

_WAYS: Final = ("sql", "table_name", "dataset_uri")
_URI: Final = re.compile(r"snow://dataset/[^/]+/versions/[^/]+/?")
_FILES: Final = r".*data_.*[.]parquet"
_SQL: Final = re.compile(
    r"""(?P<blank>\s+|;|(?:--|//)[^\n]*|/[*].*?[*]/)"""
    r"""|'(?:[^'\\]|\\.)*'|"[^"]*"|[$][$].*?[$][$]|.""",
    re.DOTALL,
)
"""A part of a query: text, names and code in quotes are whole, `blank` says nothing."""


class SnowflakeSource(Source[SnowflakeSourceConfig, Item_co], Generic[Item_co]):
    """Rows of a table, a query or a dataset, as items of a kind.

    Args:
        config: the section.
        kind: the kind of items that data of this section needs.

    """

    neutral_fields = frozenset(
        {"batch_size", "connection_name", "dataset_uri", "sql", "table_name"}
    )

    split_refusal = Refusal(
        "rows of Snowflake come in another order each time, and so cannot be kept apart",
        "name two queries: `... WHERE ID % 20 > 0` in `sources`, `... WHERE ID % 20 = 0` in "
        "`eval_sources`",
    )

    def __init__(self, config: SnowflakeSourceConfig, kind: ItemKind[Item_co]) -> None:
        super().__init__(config)
        self._kind = kind

    @property
    @override
    def label(self) -> str:
        config = self.config
        return config.table_name or config.dataset_uri or config.sql or config.type

    @override
    def check(self) -> None:
        """Verify that the section says what to read, and that Snowpark is installed."""
        config = self.config
        given = [way for way in _WAYS if getattr(config, way) is not None]
        if len(given) != 1:
            message = "a source in Snowflake has one of `sql`, `table_name` and `dataset_uri`"
            raise RecipeError((given[-1],) if given else ("type",), message, code="conflict")
        if config.dataset_uri is not None and not _URI.fullmatch(config.dataset_uri):
            message = "it is not the address of a version of a dataset"
            hint = "write `snow://dataset/NAME/versions/VERSION`"
            raise RecipeError(("dataset_uri",), message, code="malformed", hint=hint)
        if find_spec("snowflake") is None or find_spec("snowflake.snowpark") is None:
            message = "the package `snowflake-snowpark-python` is not installed"
            hint = "pip install 'arctic-training-gen[snowflake]'"
            raise RecipeError(("type",), message, code="not-installed", hint=hint)

    @override
    def fingerprint(self) -> object:
        """Return a digest of all rows, which Snowflake computes.

        The version of a dataset never changes, so that its address is enough.
        """
        if self.config.dataset_uri is not None:
            return self.config.dataset_uri
        with _Explaining(self.config):
            asked = session(self.config.connection_name).sql(
                _query(self.config, "HASH_AGG(*), COUNT(*)")
            )
            ((digest, number),) = asked.collect()
            return [str(digest), int(number)]

    @override
    def items(self) -> Dataset[Item_co]:
        return Dataset(self._sized, self._stream)

    def _stream(self) -> Iterator[Item_co]:
        rows = _rows(self.config, _checked(self.config, self._kind.columns))
        return map(self._item, rows, count())

    def _sized(self) -> SizedDataset[Item_co]:
        frame = _checked(self.config, self._kind.columns)
        with _Explaining(self.config):
            size = frame.count()

        def load(indices: Indices) -> Iterator[Item_co]:
            wanted = np.zeros(size, dtype=np.bool_)
            wanted[indices] = True
            rows = compress(_rows(self.config, frame), wanted)
            return map(self._item, rows, map(int, indices))

        return SizedDataset(size, load)

    def _item(self, row: Row, index: int) -> Item_co:
        try:
            return self._kind.from_row({name: row[name] for name in self._kind.columns}, index)
        except RecipeError as error:
            raise RecipeError(("column_mapping",), error.message, code=error.code) from error


def _way(config: SnowflakeSourceConfig) -> str:
    return next(way for way in _WAYS if getattr(config, way) is not None)


def _checked(config: SnowflakeSourceConfig, needed: Sequence[str]) -> Frame:
    """Return the rows, which have the columns that are needed."""
    with _Explaining(config):
        frame = _frame(config, session(config.connection_name))
        columns = [_named(config, _plain(column)) for column in frame.columns]
    for column in needed:
        if column not in columns:
            message = f"there is no column `{column}`; there are {known_words(columns)}"
            hint = did_you_mean(column, columns, "say in `column_mapping` which it is")
            raise RecipeError(("column_mapping",), message, code="not-found", hint=hint)

    return frame


def _query(config: SnowflakeSourceConfig, what: str) -> str:
    """Return a query for something of all rows; the recipe may ask whatever its user may."""
    rows = config.table_name or f"({_without_end(config.sql or '')})"
    return f"SELECT {what} FROM {rows}"  # noqa: S608 - that is what `sql` is for


def _without_end(sql: str) -> str:
    """Return a query without the semicolon and the comments behind it, so that more may follow."""
    ends = [part.end() for part in _SQL.finditer(sql) if part.lastgroup != "blank"]
    return sql[: max(ends, default=0)]


def _frame(config: SnowflakeSourceConfig, opened: Session) -> Frame:
    if config.dataset_uri is not None:
        uri = config.dataset_uri.rstrip("/") + "/"
        frame = opened.read.option("pattern", _FILES).parquet(uri)
    else:
        frame = opened.sql(_query(config, "*"))
    return frame if config.limit is None else frame.limit(config.limit)


def _rows(config: SnowflakeSourceConfig, frame: Frame) -> Iterator[dict[str, object]]:
    with _Explaining(config):
        for table in frame.to_arrow_batches():
            names = [_named(config, _plain(name)) for name in table.column_names]
            for batch in table.rename_columns(names).to_batches(config.batch_size):
                yield from batch.to_pylist()


def _plain(name: str) -> str:
    """Return the name of a column as people write it: `TEXT`, which needs no quotes, is `text`."""
    if name.startswith('"'):
        return _plain(name[1:-1].replace('""', '"'))
    return name.lower() if name.isupper() else name


def _named(config: SnowflakeSourceConfig, column: str) -> str:
    renamed = {_plain(old): new for old, new in config.column_mapping.items()}
    return renamed.get(column, column)


class _Explaining:
    """Turns what Snowpark raises into errors of the recipe."""

    def __init__(self, config: SnowflakeSourceConfig) -> None:
        self._config = config

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, RecipeError):
            message = f"Snowflake cannot be read: {first_line(error)}"
            hint = "`connection_name` names a connection of ~/.snowflake/connections.toml"
            raise RecipeError(
                (_way(self._config),), message, code="not-found", hint=hint
            ) from error
