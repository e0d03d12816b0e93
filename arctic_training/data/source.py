"""Where conversations, documents and preferences come from."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar, assert_never

import numpy as np

from arctic_training.config.base import SectionConfig
from arctic_training.config.data import (
    DataSource,
    DataSourceConfig,
    DocumentSource,
    HFCausalSourceConfig,
    HFInstructSourceConfig,
    HFSourceConfig,
    PythonDocsSourceConfig,
)
from arctic_training.config.preference import (
    HFPreferenceSourceConfig,
    HFUnpairedSourceConfig,
    PreferenceSource,
    PythonDocsPreferenceSourceConfig,
)
from arctic_training.data.conversation import Conversation
from arctic_training.data.digests import digest
from arctic_training.data.items import Items, Numbers
from arctic_training.data.preferences import Preference
from arctic_training.errors import RecipeError
from arctic_training.factory import Component

__all__ = [
    "contents",
    "load_conversations",
    "load_documents",
    "load_preferences",
    "source_problems",
]

T = TypeVar("T")
SourceT = TypeVar("SourceT", bound=DataSourceConfig)

_NEUTRAL: Final = {"eval_name", "name_or_path"}
"""Fields of a source that do not decide what is in it."""


def source_problems(
    reader: Component[SectionConfig],
    sources: Sequence[DataSourceConfig],
) -> Iterator[RecipeError]:
    """Iterate over what is wrong with the sources of a section, without loading them."""
    for source in sources:
        try:
            _check(source)
        except RecipeError as error:
            yield reader.located(error, source)
    weighted = [source for source in sources if source.weight is not None]
    if weighted and len(weighted) < len(sources):
        missing = RecipeError(("weight",), "another source has none", hint="give each one or none")
        yield reader.located(missing, weighted[0])


def load_conversations(
    reader: Component[SectionConfig], sources: Sequence[DataSource]
) -> Iterator[Conversation]:
    """Iterate over the conversations of the sources of a section, one source after the other.

    Raises:
        RecipeError: a source cannot be loaded, or does not hold conversations.

    """
    return _mixed(reader, sources, _conversations)


def load_documents(
    reader: Component[SectionConfig], sources: Sequence[DocumentSource]
) -> Iterator[str]:
    """Iterate over the documents of the sources of a section, one source after the other.

    Raises:
        RecipeError: a source cannot be loaded, or does not hold documents.

    """
    return _mixed(reader, sources, _documents)


def load_preferences(
    reader: Component[SectionConfig], sources: Sequence[PreferenceSource]
) -> Iterator[Preference]:
    """Iterate over the preferences of the sources of a section, one source after the other.

    Raises:
        RecipeError: a source cannot be loaded, or does not hold preferences.

    """
    return _mixed(reader, sources, _preferences)


def contents(reader: Component[SectionConfig], sources: Sequence[DataSourceConfig]) -> list[object]:
    """Return what decides the items of sources, as JSON holds it: content and options, not names.

    Raises:
        RecipeError: a source is not there.

    """
    found: list[object] = []
    for source in sources:
        with _at(reader, source):
            is_chosen = source.sample_count or source.sample_ratio or source.weight
            neutral = _NEUTRAL if is_chosen else {*_NEUTRAL, "sample_seed"}
            found.append([source.model_dump(mode="json", exclude=neutral), _content(source)])
    return found


def _content(source: DataSourceConfig) -> object:
    match source:
        case PythonDocsSourceConfig() | PythonDocsPreferenceSourceConfig():
            from arctic_training.data.python_docs import python_docs

            return digest(python_docs())
        case HFSourceConfig():
            from arctic_training.data.huggingface import content_of_rows

            return content_of_rows(source)
        case _:
            raise TypeError(f"nothing tells the content of a {type(source).__name__}")


def _check(source: DataSourceConfig) -> None:
    if source.sample_count is not None and source.sample_ratio is not None:
        raise RecipeError(("sample_ratio",), "it and `sample_count` exclude each other")
    match source:
        case HFInstructSourceConfig():
            from arctic_training.data.instruct import check_instruct

            check_instruct(source)
        case HFCausalSourceConfig():
            from arctic_training.data.documents import check_documents

            check_documents(source)
        case HFPreferenceSourceConfig():
            from arctic_training.data.preferences import check_preferences

            check_preferences(source)
        case HFUnpairedSourceConfig():
            from arctic_training.data.unpaired import check_unpaired

            check_unpaired(source)
        case _:
            pass


def _conversations(source: DataSource) -> Items[Conversation]:
    match source:
        case PythonDocsSourceConfig():
            from arctic_training.data.python_docs import python_docs

            return Items.of(python_docs())
        case HFInstructSourceConfig():
            from arctic_training.data.instruct import instruct_conversations

            return instruct_conversations(source)
        case _:
            assert_never(source)


def _documents(source: DocumentSource) -> Items[str]:
    match source:
        case PythonDocsSourceConfig():
            from arctic_training.data.python_docs import python_docs

            return Items.of(["\n\n".join(m["content"] for m in said) for said in python_docs()])
        case HFCausalSourceConfig():
            from arctic_training.data.documents import load_texts

            return load_texts(source)
        case _:
            assert_never(source)


def _preferences(source: PreferenceSource) -> Items[Preference]:
    match source:
        case PythonDocsPreferenceSourceConfig():
            from arctic_training.data.preferences import python_docs_preferences

            return Items.of(python_docs_preferences())
        case HFPreferenceSourceConfig():
            from arctic_training.data.preferences import hub_preferences

            return hub_preferences(source)
        case HFUnpairedSourceConfig():
            from arctic_training.data.unpaired import unpaired_preferences

            return unpaired_preferences(source)
        case _:
            assert_never(source)


def _mixed(
    reader: Component[SectionConfig],
    sources: Sequence[SourceT],
    items: Callable[[SourceT], Items[T]],
) -> Iterator[T]:
    """Load the sources, and choose as many items of each as the recipe says."""
    opened, chosen = [], []
    for source in sources:
        with _at(reader, source):
            opened.append(items(source))
            chosen.append(_chosen(opened[-1].count, source))
    shares = [len(n) / s.weight for n, s in zip(chosen, sources, strict=True) if s.weight]
    for source, found, numbers in zip(sources, opened, chosen, strict=True):
        count = round(min(shares) * source.weight) if source.weight else len(numbers)
        with _at(reader, source):
            yield from found.load(numbers[_sampled(len(numbers), count, source.sample_seed)])


@contextmanager
def _at(reader: Component[SectionConfig], source: DataSourceConfig) -> Iterator[None]:
    """Say of which source an error is."""
    try:
        yield
    except RecipeError as error:
        raise reader.located(error, source) from error


def _chosen(number: int, source: DataSourceConfig) -> Numbers:
    count = number if source.sample_count is None else source.sample_count
    if source.sample_ratio is not None:
        count = round(number * source.sample_ratio)
    return _sampled(number, count, source.sample_seed)


def _sampled(number: int, count: int, seed: int) -> Numbers:
    """Choose from so many at random, in their order, none twice."""
    if count >= number:
        return np.arange(number)
    generator = random.Random(seed)  # noqa: S311 - not for secrets
    return np.sort(np.array(generator.sample(range(number), count), dtype=np.int64))
