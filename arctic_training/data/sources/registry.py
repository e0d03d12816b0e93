"""Registry of data sources: the class of each section, by the kind of its items."""

from __future__ import annotations

from typing import assert_never

from arctic_training.config.data import (
    DataSource,
    DocumentSource,
    HFCausalSourceConfig,
    HFInstructSourceConfig,
    PythonDocsSourceConfig,
)
from arctic_training.config.preference import (
    HFPreferenceSourceConfig,
    HFUnpairedSourceConfig,
    PreferenceSource,
    PythonDocsPreferenceSourceConfig,
)
from arctic_training.config.source import (
    DataSourceConfig,
    FunctionSourceConfig,
    SnowflakeSourceConfig,
)
from arctic_training.data.chat.conversation import Conversation, Preference
from arctic_training.data.sources.function import FunctionSource
from arctic_training.data.sources.huggingface_causal import HFCausalSource
from arctic_training.data.sources.huggingface_instruct import HFInstructSource
from arctic_training.data.sources.huggingface_preference import HFPreferenceSource
from arctic_training.data.sources.huggingface_unpaired import HFPairedSource, HFUnpairedSource
from arctic_training.data.sources.item_kinds import CONVERSATIONS, DOCUMENTS, PREFERENCES
from arctic_training.data.sources.python_docs import (
    PythonDocsDocumentSource,
    PythonDocsPreferenceSource,
    PythonDocsSource,
)
from arctic_training.data.sources.snowflake import SnowflakeSource
from arctic_training.data.sources.source import Source

__all__ = ["completion_source", "conversation_source", "document_source", "preference_source"]


def conversation_source(section: DataSource) -> Source[DataSourceConfig, Conversation]:
    """Return the source of a section, as conversations."""
    match section:
        case PythonDocsSourceConfig():
            return PythonDocsSource(section)
        case HFInstructSourceConfig():
            return HFInstructSource(section)
        case SnowflakeSourceConfig():
            return SnowflakeSource(section, CONVERSATIONS)
        case FunctionSourceConfig():
            return FunctionSource(section, CONVERSATIONS)
        case _:
            assert_never(section)


def document_source(section: DocumentSource) -> Source[DataSourceConfig, str]:
    """Return the source of a section, as documents."""
    match section:
        case PythonDocsSourceConfig():
            return PythonDocsDocumentSource(section)
        case HFCausalSourceConfig():
            return HFCausalSource(section)
        case SnowflakeSourceConfig():
            return SnowflakeSource(section, DOCUMENTS)
        case FunctionSourceConfig():
            return FunctionSource(section, DOCUMENTS)
        case _:
            assert_never(section)


def preference_source(section: PreferenceSource) -> Source[DataSourceConfig, Preference]:
    """Return the source of a section, as preferences."""
    match section:
        case PythonDocsPreferenceSourceConfig():
            return PythonDocsPreferenceSource(section)
        case HFPreferenceSourceConfig():
            return HFPreferenceSource(section)
        case HFUnpairedSourceConfig():
            return HFPairedSource(section)
        case SnowflakeSourceConfig():
            return SnowflakeSource(section, PREFERENCES)
        case FunctionSourceConfig():
            return FunctionSource(section, PREFERENCES)
        case _:
            assert_never(section)


def completion_source(section: PreferenceSource) -> Source[DataSourceConfig, Preference]:
    """Return the source of a section, as labelled completions: single ones stay unpaired."""
    match section:
        case HFUnpairedSourceConfig():
            return HFUnpairedSource(section)
        case _:
            return preference_source(section)
