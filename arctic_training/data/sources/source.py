"""Data sources: one class validates, fingerprints and reads each type of source.

To add one, write its section in ``config``, add it to the union of the sections that accept it,
subclass ``Source`` in a module here, and register the class in ``registry``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Generic, NamedTuple, TypeVar

from arctic_training.config.base import SectionConfig
from arctic_training.config.source import DataSourceConfig
from arctic_training.data.sources.dataset import Dataset
from arctic_training.errors import RecipeError

if TYPE_CHECKING:
    from arctic_training.core.factory import Component

__all__ = [
    "Refusal",
    "Source",
    "source_error_context",
    "source_problems",
    "sources_fingerprint",
]

Section_co = TypeVar("Section_co", bound=DataSourceConfig, covariant=True)
Item_co = TypeVar("Item_co", covariant=True)


class Refusal(NamedTuple):
    """Why a source cannot do something, and what to do instead."""

    message: str
    hint: str


class Source(ABC, Generic[Section_co, Item_co]):
    """A data source: what one section of ``sources`` names, as a dataset of items.

    The pointer of every error begins at the section.
    """

    neutral_fields: ClassVar[frozenset[str]] = frozenset()
    """Fields of the section that do not decide its items: ``fingerprint`` covers what they name."""

    split_refusal: ClassVar[Refusal | None] = None
    """Why the items cannot be split by their indices, such as for lack of a stable order."""

    def __init__(self, config: Section_co) -> None:
        self.config = config

    @property
    def label(self) -> str:
        """What reports call the source."""
        return str(getattr(self.config, "type", type(self.config).__name__))

    @abstractmethod
    def check(self) -> None:
        """Verify what can be verified without loading the items.

        Raises:
            RecipeError: the source cannot be read as its section says.

        """

    @abstractmethod
    def fingerprint(self) -> object:
        """Return, as JSON holds it, what identifies the content of the source.

        Raises:
            RecipeError: the content is missing.

        """

    @abstractmethod
    def items(self) -> Dataset[Item_co]:
        """Return the items; loading them raises a ``RecipeError`` where one is malformed."""

    def stream_problems(self) -> Iterator[RecipeError]:
        """Iterate over what keeps such a source from being streamed."""
        return iter(())


def source_problems(
    reader: Component[SectionConfig], sources: Sequence[Source[DataSourceConfig, object]]
) -> Iterator[RecipeError]:
    """Check the sources of a section, without loading them, and that they have weights alike."""
    for source in sources:
        try:
            _check_sampling(source.config)
            source.check()
        except RecipeError as error:
            yield reader.located(error, source.config)
    weighted = [source.config for source in sources if source.config.weight is not None]
    if weighted and len(weighted) < len(sources):
        missing = RecipeError(("weight",), "another source has none", hint="give each one or none")
        yield reader.located(missing, weighted[0])


def _check_sampling(section: DataSourceConfig) -> None:
    if section.sample_count is not None and section.sample_ratio is not None:
        raise RecipeError(("sample_ratio",), "it and `sample_count` exclude each other")


def sources_fingerprint(
    reader: Component[SectionConfig], sources: Sequence[Source[DataSourceConfig, object]]
) -> list[object]:
    """Return, as JSON holds it, what decides the items of sources: content and options.

    Names are not part of it: data that moves elsewhere keeps its fingerprint.

    Raises:
        RecipeError: the content of a source is missing.

    """
    found: list[object] = []
    for source in sources:
        with source_error_context(reader, source.config):
            found.append([_options(source), source.fingerprint()])
    return found


def _options(source: Source[DataSourceConfig, object]) -> dict[str, object]:
    """Return the fields of a section that select its items."""
    config = source.config
    is_sampled = config.sample_count or config.sample_ratio or config.weight
    neutral = {"eval_name", *source.neutral_fields, *([] if is_sampled else ["sample_seed"])}
    return config.model_dump(mode="json", exclude=neutral)


@contextmanager
def source_error_context(
    reader: Component[SectionConfig], section: DataSourceConfig
) -> Iterator[None]:
    """Add to an error of a source where in the recipe the source is."""
    try:
        yield
    except RecipeError as error:
        raise reader.located(error, section) from error
