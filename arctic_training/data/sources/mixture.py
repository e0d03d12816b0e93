"""The items of several sources: sampled, in proportion to weights, or mixed without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from arctic_training.config.base import SectionConfig
from arctic_training.config.source import DataSourceConfig
from arctic_training.data.sources.dataset import Indices, InfiniteMixture, Split, sample_indices
from arctic_training.data.sources.source import Source, source_error_context
from arctic_training.data.store.preparation_report import Taken
from arctic_training.errors import RecipeError

if TYPE_CHECKING:
    from arctic_training.core.factory import Component

__all__ = ["Selection", "mix"]

T = TypeVar("T")

Selection: TypeAlias = Split | InfiniteMixture | None
"""A split of all items, or items without end; None: all items once."""


def mix(
    sources: Sequence[Source[DataSourceConfig, T]],
    reader: Component[SectionConfig],
    selection: Selection = None,
    taken: list[Taken] | None = None,
) -> Iterator[T]:
    """Load the sources, and take as many items of each as the recipe says, of a selection.

    ``taken`` gets the sources that are sampled.

    Raises:
        RecipeError: a source cannot be loaded, or has items of another kind.

    """
    if isinstance(selection, InfiniteMixture):
        streams = [_stream_of(reader, source) for source in sources]
        yield from selection.draw(streams, [source.config.weight or 1.0 for source in sources])
        return
    opened, sampled = [], []
    for source in sources:
        with source_error_context(reader, source.config):
            opened.append(source.items().sized())
            sampled.append(_sample(opened[-1].count, source.config))
    for source, dataset, indices in zip(sources, opened, _by_weight(sources, sampled), strict=True):
        if taken is not None and len(indices) < dataset.count:
            taken.append(Taken(source=source.label, samples=len(indices), of=dataset.count))
        with source_error_context(reader, source.config):
            yield from dataset.load(indices if selection is None else selection.select(indices))


def _by_weight(
    sources: Sequence[Source[DataSourceConfig, object]], sampled: Sequence[Indices]
) -> Iterator[Indices]:
    """Cut the samples of sources to their weights: as many as there are with none taken twice."""
    configs = [source.config for source in sources]
    sizes = [len(n) / c.weight for n, c in zip(sampled, configs, strict=True) if c.weight]
    for indices, config in zip(sampled, configs, strict=True):
        count = round(min(sizes) * config.weight) if config.weight else len(indices)
        yield indices[sample_indices(len(indices), count, config.sample_seed)]


def _stream_of(
    reader: Component[SectionConfig], source: Source[DataSourceConfig, T]
) -> Callable[[], Iterator[T]]:
    """Return what streams a source, and fails where it is empty."""

    def stream() -> Iterator[T]:
        is_empty = True
        with source_error_context(reader, source.config):
            for item in source.items().stream():
                is_empty = False
                yield item
            if is_empty:
                raise RecipeError(("type",), "there is nothing in it", code="no-data")

    return stream


def _sample(total: int, section: DataSourceConfig) -> Indices:
    count = total if section.sample_count is None else section.sample_count
    if section.sample_ratio is not None:
        count = round(total * section.sample_ratio)
    return sample_indices(total, count, section.sample_seed)
