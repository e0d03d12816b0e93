"""Rows of tables, queries and datasets in Snowflake, through Snowpark."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from itertools import compress, count
from typing import Final, TypeVar

import numpy as np

from arctic_training.config.preference import HFPreferenceSourceConfig
from arctic_training.config.source import SnowflakeSourceConfig
from arctic_training.data.chat.conversation import Conversation
from arctic_training.data.sources.dataset import Counted, Items, Numbers
from arctic_training.data.sources.huggingface_causal import text_of
from arctic_training.data.sources.huggingface_instruct import listed_messages
from arctic_training.data.sources.huggingface_preference import Preference, preference_of
from arctic_training.data.sources.snowpark import Frame, Session, session
from arctic_training.diagnostics import did_you_mean, known_words
from arctic_training.errors import RecipeError
from arctic_training.hub.loading import first_line

__all__ = [
    "check_snowflake",
    "content_of_table",
    "snowflake_conversations",
    "snowflake_documents",
    "snowflake_preferences",
]

T = TypeVar("T")

_WAYS: Final = ("sql", "table_name", "dataset_uri")
_URI: Final = re.compile(r"snow://dataset/[^/]+/versions/[^/]+/?")
_FILES: Final = r".*data_.*[.]parquet"
_SQL: Final = re.compile(
    r"""(?P<blank>\s+|;|(?:--|//)[^\n]*|/[*].*?[*]/)"""
    r"""|'(?:[^'\\]|\\.)*'|"[^"]*"|[$][$].*?[$][$]|.""",
    re.DOTALL,
)
"""A part of a query: text, names and code in quotes are whole, `blank` says nothing."""


def _way(config: SnowflakeSourceConfig) -> str:
    return next(way for way in _WAYS if getattr(config, way) is not None)


def check_snowflake(config: SnowflakeSourceConfig) -> None:
    """Make sure that a source says what to read, and that Snowpark is installed; no one is asked.

    Raises:
        RecipeError: its pointer begins at the source.

    """
    given = [way for way in _WAYS if getattr(config, way) is not None]
    if len(given) != 1:
        message = "a source in Snowflake has one of `sql`, `table_name` and `dataset_uri`"
        raise RecipeError((given[-1],) if given else ("type",), message, code="not-allowed")
    if config.dataset_uri is not None and not _URI.fullmatch(config.dataset_uri):
        message = "it is not the address of a version of a dataset"
        hint = "write `snow://dataset/NAME/versions/VERSION`"
        raise RecipeError(("dataset_uri",), message, code="not-allowed", hint=hint)
    if find_spec("snowflake") is None or find_spec("snowflake.snowpark") is None:
        message = "the package `snowflake-snowpark-python` is not installed"
        hint = "pip install 'arctic-training-gen[snowflake]'"
        raise RecipeError(("type",), message, code="not-installed", hint=hint)


def snowflake_conversations(config: SnowflakeSourceConfig) -> Items[Conversation]:
    """Return the conversations of a source, from its column `messages`.

    Raises:
        RecipeError: it cannot be read, or a row is no conversation; its pointer begins at the
            source.

    """
    return _items(config, ("messages",), listed_messages)


def snowflake_documents(config: SnowflakeSourceConfig) -> Items[str]:
    """Return the documents of a source, from its column `text`.

    Raises:
        RecipeError: it cannot be read, or a row is no text; its pointer begins at the source.

    """
    return _items(config, ("text",), lambda row, number: text_of(row["text"], number))


def snowflake_preferences(config: SnowflakeSourceConfig) -> Items[Preference]:
    """Return the preferences of a source, from its columns `prompt`, `chosen` and `rejected`.

    Raises:
        RecipeError: it cannot be read, or a row is no preference; its pointer begins at the
            source.

    """
    like = HFPreferenceSourceConfig(name_or_path="snowflake")
    columns = ("prompt", "chosen", "rejected")
    return _items(config, columns, lambda row, number: preference_of(row, number, like))


def content_of_table(config: SnowflakeSourceConfig) -> object:
    """Return what decides the rows, as JSON holds it: Snowflake computes a digest of all of them.

    The version of a dataset never changes, so that its address is enough.

    Raises:
        RecipeError: it cannot be read; its pointer begins at the source.

    """
    if config.dataset_uri is not None:
        return config.dataset_uri
    with _Explaining(config):
        asked = session(config.connection_name).sql(_query(config, "HASH_AGG(*), COUNT(*)"))
        ((digest, number),) = asked.collect()
        return [str(digest), int(number)]


def _items(
    config: SnowflakeSourceConfig,
    needed: Sequence[str],
    make: Callable[[Mapping[str, object], int], T],
) -> Items[T]:
    """Return what ``make`` makes of each row, of its needed columns, and of its number.

    Raises:
        RecipeError: it cannot be read, or has no such column; its pointer begins at the source.

    """

    def row_of(row: Mapping[str, object], number: int) -> T:
        try:
            return make({name: row[name] for name in needed}, number)
        except RecipeError as error:
            raise RecipeError(("column_mapping",), error.message, code=error.code) from error

    def stream() -> Iterator[T]:
        return map(row_of, _rows(config, _checked(config, needed)), count())

    def counted() -> Counted[T]:
        frame = _checked(config, needed)
        with _Explaining(config):
            size = frame.count()

        def load(numbers: Numbers) -> Iterator[T]:
            wanted = np.zeros(size, dtype=np.bool_)
            wanted[numbers] = True
            return map(row_of, compress(_rows(config, frame), wanted), map(int, numbers))

        return Counted(size, load)

    return Items(counted, stream)


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
    said = [part.end() for part in _SQL.finditer(sql) if part.lastgroup != "blank"]
    return sql[: max(said, default=0)]


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
