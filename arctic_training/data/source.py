"""Where conversations, documents and preferences come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar, assert_never

from arctic_training.config.base import SectionConfig
from arctic_training.config.data import (
    DataSource,
    DataSourceConfig,
    DocumentSource,
    HFCausalSourceConfig,
    HFInstructSourceConfig,
    HFSourceConfig,
    PythonDocsSourceConfig,
    SnowflakeSourceConfig,
)
from arctic_training.config.preference import (
    HFPreferenceSourceConfig,
    HFUnpairedSourceConfig,
    PreferenceSource,
    PythonDocsPreferenceSourceConfig,
)
from arctic_training.data.conversation import Conversation
from arctic_training.data.digests import digest
from arctic_training.data.items import Items
from arctic_training.data.mixture import Chosen, mixed, told_of
from arctic_training.data.preferences import Preference
from arctic_training.data.report import Taken
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

_NEUTRAL: Final = {
    "batch_size",
    "connection_name",
    "dataset_uri",
    "eval_name",
    "name_or_path",
    "sql",
    "table_name",
}
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
    reader: Component[SectionConfig],
    sources: Sequence[DataSource],
    part: Chosen = None,
    taken: list[Taken] | None = None,
) -> Iterator[Conversation]:
    """Iterate over the conversations of the sources of a section, one source after the other.

    ``taken`` gets the sources of which not all is taken.

    Raises:
        RecipeError: a source cannot be loaded, or does not hold conversations.

    """
    return mixed(reader, sources, part, _conversations, [] if taken is None else taken)


def load_documents(
    reader: Component[SectionConfig],
    sources: Sequence[DocumentSource],
    part: Chosen = None,
    taken: list[Taken] | None = None,
) -> Iterator[str]:
    """Iterate over the documents of the sources of a section, one source after the other.

    ``taken`` gets the sources of which not all is taken.

    Raises:
        RecipeError: a source cannot be loaded, or does not hold documents.

    """
    return mixed(reader, sources, part, _documents, [] if taken is None else taken)


def load_preferences(
    reader: Component[SectionConfig],
    sources: Sequence[PreferenceSource],
    part: Chosen = None,
    taken: list[Taken] | None = None,
) -> Iterator[Preference]:
    """Iterate over the preferences of the sources of a section, one source after the other.

    ``taken`` gets the sources of which not all is taken.

    Raises:
        RecipeError: a source cannot be loaded, or does not hold preferences.

    """
    return mixed(reader, sources, part, _preferences, [] if taken is None else taken)


def contents(reader: Component[SectionConfig], sources: Sequence[DataSourceConfig]) -> list[object]:
    """Return what decides the items of sources, as JSON holds it: content and options, not names.

    Raises:
        RecipeError: a source is not there.

    """
    found: list[object] = []
    for source in sources:
        with told_of(reader, source):
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
        case SnowflakeSourceConfig():
            from arctic_training.data.snowflake import content_of_table

            return content_of_table(source)
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
        case SnowflakeSourceConfig():
            from arctic_training.data.snowflake import check_snowflake

            check_snowflake(source)
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
        case SnowflakeSourceConfig():
            from arctic_training.data.snowflake import snowflake_conversations

            return snowflake_conversations(source)
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
        case SnowflakeSourceConfig():
            from arctic_training.data.snowflake import snowflake_documents

            return snowflake_documents(source)
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
        case SnowflakeSourceConfig():
            from arctic_training.data.snowflake import snowflake_preferences

            return snowflake_preferences(source)
        case _:
            assert_never(source)
