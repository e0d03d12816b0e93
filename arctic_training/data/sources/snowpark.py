"""What is used of Snowpark, which need not be installed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from pyarrow import Table

__all__ = ["Frame", "Reader", "Session", "session"]


class Frame(Protocol):
    """What is used of a data frame of Snowpark."""

    columns: list[str]

    def count(self) -> int:
        """Return how many rows there are."""

    def limit(self, n: int) -> Frame:
        """Return the first rows."""

    def collect(self) -> list[tuple[int, int]]:
        """Return the rows of a query for two numbers."""

    def to_arrow_batches(self) -> Iterator[Table]:
        """Iterate over the rows, a table of some at a time."""


class Reader(Protocol):
    """What reads files of Snowflake."""

    def option(self, key: str, value: str) -> Reader:
        """Set an option of the files."""

    def parquet(self, path: str) -> Frame:
        """Return the rows of Parquet files."""


class Session(Protocol):
    """What is used of a session of Snowpark."""

    read: Reader

    def sql(self, query: str) -> Frame:
        """Return the rows of a query."""


def session(connection_name: str | None) -> Session:
    """Return the session of this process; the first asks for a connection, else the default one."""
    builder = import_module("snowflake.snowpark").Session.builder
    if connection_name is not None:
        builder = builder.config("connection_name", connection_name)
    return cast("Session", builder.getOrCreate())
