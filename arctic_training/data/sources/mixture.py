"""Items of several sources: so many of each, or so many in proportion, or without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias, TypeVar

from arctic_training.config.base import SectionConfig
from arctic_training.config.source import (
    DataSourceConfig,
    FunctionSourceConfig,
    HFSourceConfig,
    SnowflakeSourceConfig,
)
from arctic_training.core.factory import Component
from arctic_training.data.sources.dataset import Endless, Items, Numbers, Part, sampled
from arctic_training.data.store.preparation_report import Taken
from arctic_training.errors import RecipeError

__all__ = ["Chosen", "mixed", "told_of"]

T = TypeVar("T")
SourceT = TypeVar("SourceT", bound=DataSourceConfig)

Chosen: TypeAlias = Part | Endless | None
"""A part of all items, or items without end; None: all items once."""


def mixed(
    items: Callable[[SourceT], Items[T]],
    reader: Component[SectionConfig],
    sources: Sequence[SourceT],
    part: Chosen = None,
    taken: list[Taken] | None = None,
) -> Iterator[T]:
    """Load the sources, and choose as many items of each as the recipe says, of a part.

    ``items`` says what a source holds. ``taken`` gets the sources of which not all is taken.

    Raises:
        RecipeError: a source cannot be loaded, or holds something else.

    """
    if isinstance(part, Endless):
        yield from _streamed(reader, sources, part, items)
        return
    opened, chosen = [], []
    for source in sources:
        with told_of(reader, source):
            opened.append(items(source).counted())
            chosen.append(_chosen(opened[-1].count, source))
    shares = [len(n) / s.weight for n, s in zip(chosen, sources, strict=True) if s.weight]
    for source, found, numbers in zip(sources, opened, chosen, strict=True):
        count = round(min(shares) * source.weight) if source.weight else len(numbers)
        wanted = numbers[sampled(len(numbers), count, source.sample_seed)]
        if taken is not None and len(wanted) < found.count:
            taken.append(Taken(source=_name(source), samples=len(wanted), of=found.count))
        with told_of(reader, source):
            yield from found.load(wanted if part is None else part.of(wanted))


def _streamed(
    reader: Component[SectionConfig],
    sources: Sequence[SourceT],
    endless: Endless,
    items: Callable[[SourceT], Items[T]],
) -> Iterator[T]:
    """Iterate without end over items of all sources, by their weights; nothing is kept."""
    streams = [_stream_of(reader, source, items) for source in sources]
    return endless.of(streams, [source.weight or 1.0 for source in sources])


def _stream_of(
    reader: Component[SectionConfig], source: SourceT, items: Callable[[SourceT], Items[T]]
) -> Callable[[], Iterator[T]]:
    """Return what streams a source and says of which source an error is."""

    def stream() -> Iterator[T]:
        number = 0
        with told_of(reader, source):
            for number, item in enumerate(items(source).stream(), 1):  # noqa: B007 - counted
                yield item
            if not number:
                message = "there is nothing in it"
                raise RecipeError(("type",), message, code="no-data")

    return stream


@contextmanager
def told_of(reader: Component[SectionConfig], source: DataSourceConfig) -> Iterator[None]:
    """Say of which source an error is."""
    try:
        yield
    except RecipeError as error:
        raise reader.located(error, source) from error


def _chosen(number: int, source: DataSourceConfig) -> Numbers:
    count = number if source.sample_count is None else source.sample_count
    if source.sample_ratio is not None:
        count = round(number * source.sample_ratio)
    return sampled(number, count, source.sample_seed)


def _name(source: DataSourceConfig) -> str:
    match source:
        case HFSourceConfig():
            return source.name_or_path
        case SnowflakeSourceConfig():
            return source.table_name or source.dataset_uri or source.sql or source.type
        case FunctionSourceConfig():
            return source.function
        case _:
            return str(getattr(source, "type", type(source).__name__))
