"""Where conversations, documents and preferences come from."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, assert_never

from arctic_training.config.base import SectionConfig
from arctic_training.config.data import (
    DataSource,
    DataSourceConfig,
    DocumentSource,
    HFCausalSourceConfig,
    HFInstructSourceConfig,
    PythonDocsSourceConfig,
)
from arctic_training.config.preference import (
    HFPreferenceSourceConfig,
    PreferenceSource,
    PythonDocsPreferenceSourceConfig,
)
from arctic_training.data.conversation import Conversation
from arctic_training.data.preferences import Preference
from arctic_training.errors import RecipeError
from arctic_training.factory import Component

__all__ = [
    "load_conversations",
    "load_documents",
    "load_preferences",
    "source_problems",
]

T = TypeVar("T")
SourceT = TypeVar("SourceT", bound=DataSourceConfig)


def source_problems(
    reader: Component[SectionConfig],
    sources: Sequence[DataSource | DocumentSource | PreferenceSource],
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
) -> list[Conversation]:
    """Load the conversations of the sources of a section, one source after the other.

    Raises:
        RecipeError: a source cannot be loaded, or does not hold conversations.

    """
    return _mixed(reader, sources, _conversations)


def load_documents(
    reader: Component[SectionConfig], sources: Sequence[DocumentSource]
) -> list[str]:
    """Load the documents of the sources of a section, one source after the other.

    Raises:
        RecipeError: a source cannot be loaded, or does not hold documents.

    """
    return _mixed(reader, sources, _documents)


def load_preferences(
    reader: Component[SectionConfig], sources: Sequence[PreferenceSource]
) -> list[Preference]:
    """Load the preferences of the sources of a section, one source after the other.

    Raises:
        RecipeError: a source cannot be loaded, or does not hold preferences.

    """
    return _mixed(reader, sources, _preferences)


def _check(source: DataSource | DocumentSource | PreferenceSource) -> None:
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
        case PythonDocsSourceConfig() | PythonDocsPreferenceSourceConfig():
            pass
        case _:
            assert_never(source)


def _conversations(source: DataSource) -> list[Conversation]:
    match source:
        case PythonDocsSourceConfig():
            from arctic_training.data.python_docs import python_docs

            return python_docs()
        case HFInstructSourceConfig():
            from arctic_training.data.instruct import instruct_conversations

            return instruct_conversations(source)
        case _:
            assert_never(source)


def _documents(source: DocumentSource) -> list[str]:
    match source:
        case PythonDocsSourceConfig():
            from arctic_training.data.python_docs import python_docs

            return ["\n\n".join(m["content"] for m in said) for said in python_docs()]
        case HFCausalSourceConfig():
            from arctic_training.data.documents import load_texts

            return load_texts(source)
        case _:
            assert_never(source)


def _preferences(source: PreferenceSource) -> list[Preference]:
    match source:
        case PythonDocsPreferenceSourceConfig():
            from arctic_training.data.preferences import python_docs_preferences

            return python_docs_preferences()
        case HFPreferenceSourceConfig():
            from arctic_training.data.preferences import hub_preferences

            return hub_preferences(source)
        case _:
            assert_never(source)


def _mixed(
    reader: Component[SectionConfig],
    sources: Sequence[SourceT],
    load: Callable[[SourceT], list[T]],
) -> list[T]:
    """Load the sources, and choose as many samples of each as the recipe says."""
    loaded = []
    for source in sources:
        try:
            loaded.append(_chosen(load(source), source))
        except RecipeError as error:
            raise reader.located(error, source) from error
    share = min(
        (
            len(s) / source.weight
            for s, source in zip(loaded, sources, strict=True)
            if source.weight
        ),
        default=0.0,
    )
    mixed: list[T] = []
    for samples, source in zip(loaded, sources, strict=True):
        count = round(share * source.weight) if source.weight else len(samples)
        mixed += _sampled(samples, count, source.sample_seed)
    return mixed


def _chosen(samples: list[T], source: DataSourceConfig) -> list[T]:
    count = len(samples) if source.sample_count is None else source.sample_count
    if source.sample_ratio is not None:
        count = round(len(samples) * source.sample_ratio)
    return _sampled(samples, count, source.sample_seed)


def _sampled(samples: list[T], count: int, seed: int) -> list[T]:
    """Choose at random, in the order of the source, none twice."""
    if count >= len(samples):
        return samples
    generator = random.Random(seed)  # noqa: S311 - not for secrets
    return [samples[index] for index in sorted(generator.sample(range(len(samples)), count))]
