"""What can be told of sources without loading them: what is wrong, and what decides their items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from arctic_training.config.base import SectionConfig
from arctic_training.config.data import (
    HFCausalSourceConfig,
    HFInstructSourceConfig,
    PythonDocsSourceConfig,
)
from arctic_training.config.preference import (
    HFPreferenceSourceConfig,
    HFUnpairedSourceConfig,
    PythonDocsPreferenceSourceConfig,
)
from arctic_training.config.source import (
    DataSourceConfig,
    FunctionSourceConfig,
    HFSourceConfig,
    SnowflakeSourceConfig,
)
from arctic_training.core.factory import Component
from arctic_training.data.sources.mixture import told_of
from arctic_training.data.store.digests import digest
from arctic_training.errors import RecipeError

__all__ = ["contents", "source_problems"]

_NEUTRAL: Final = {
    "arguments",
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
            from arctic_training.data.sources.python_docs import python_docs

            return digest(python_docs())
        case HFSourceConfig():
            from arctic_training.data.sources.huggingface import content_of_rows

            return content_of_rows(source)
        case SnowflakeSourceConfig():
            from arctic_training.data.sources.snowflake import content_of_table

            return content_of_table(source)
        case FunctionSourceConfig():
            from arctic_training.data.sources.function import content_of_function

            return content_of_function(source)
        case _:
            raise TypeError(f"nothing tells the content of a {type(source).__name__}")


def _check(source: DataSourceConfig) -> None:
    if source.sample_count is not None and source.sample_ratio is not None:
        raise RecipeError(("sample_ratio",), "it and `sample_count` exclude each other")
    match source:
        case HFInstructSourceConfig():
            from arctic_training.data.sources.huggingface_instruct import check_instruct

            check_instruct(source)
        case HFCausalSourceConfig():
            from arctic_training.data.sources.huggingface_causal import check_documents

            check_documents(source)
        case HFPreferenceSourceConfig():
            from arctic_training.data.sources.huggingface_preference import check_preferences

            check_preferences(source)
        case HFUnpairedSourceConfig():
            from arctic_training.data.sources.huggingface_unpaired import check_unpaired

            check_unpaired(source)
        case SnowflakeSourceConfig():
            from arctic_training.data.sources.snowflake import check_snowflake

            check_snowflake(source)
        case FunctionSourceConfig():
            from arctic_training.data.sources.function import check_function

            check_function(source)
        case _:
            pass
