"""Where conversations, documents and preferences come from: what each kind of source holds."""

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
from arctic_training.config.source import FunctionSourceConfig, SnowflakeSourceConfig
from arctic_training.data.chat.conversation import Conversation
from arctic_training.data.sources.dataset import Items
from arctic_training.data.sources.huggingface_preference import Preference

__all__ = ["answers", "conversations", "documents", "preferences"]


def conversations(source: DataSource) -> Items[Conversation]:
    """Return the conversations of a source."""
    match source:
        case PythonDocsSourceConfig():
            from arctic_training.data.sources.python_docs import python_docs

            return Items.of(python_docs())
        case HFInstructSourceConfig():
            from arctic_training.data.sources.huggingface_instruct import instruct_conversations

            return instruct_conversations(source)
        case SnowflakeSourceConfig():
            from arctic_training.data.sources.snowflake import snowflake_conversations

            return snowflake_conversations(source)
        case FunctionSourceConfig():
            from arctic_training.data.sources.function import function_conversations

            return function_conversations(source)
        case _:
            assert_never(source)


def documents(source: DocumentSource) -> Items[str]:
    """Return the documents of a source."""
    match source:
        case PythonDocsSourceConfig():
            from arctic_training.data.sources.python_docs import python_docs

            return Items.of(["\n\n".join(m["content"] for m in said) for said in python_docs()])
        case HFCausalSourceConfig():
            from arctic_training.data.sources.huggingface_causal import load_texts

            return load_texts(source)
        case SnowflakeSourceConfig():
            from arctic_training.data.sources.snowflake import snowflake_documents

            return snowflake_documents(source)
        case FunctionSourceConfig():
            from arctic_training.data.sources.function import function_documents

            return function_documents(source)
        case _:
            assert_never(source)


def preferences(source: PreferenceSource) -> Items[Preference]:
    """Return the preferences of a source."""
    match source:
        case PythonDocsPreferenceSourceConfig():
            from arctic_training.data.sources.huggingface_preference import python_docs_preferences

            return Items.of(python_docs_preferences())
        case HFPreferenceSourceConfig():
            from arctic_training.data.sources.huggingface_preference import hub_preferences

            return hub_preferences(source)
        case HFUnpairedSourceConfig():
            from arctic_training.data.sources.huggingface_unpaired import unpaired_preferences

            return unpaired_preferences(source)
        case SnowflakeSourceConfig():
            from arctic_training.data.sources.snowflake import snowflake_preferences

            return snowflake_preferences(source)
        case FunctionSourceConfig():
            from arctic_training.data.sources.function import function_preferences

            return function_preferences(source)
        case _:
            assert_never(source)


def answers(source: PreferenceSource) -> Items[Preference]:
    """Return the answers of a source, each labelled by its side: single ones stay unpaired."""
    match source:
        case HFUnpairedSourceConfig():
            from arctic_training.data.sources.huggingface_unpaired import single_answers

            return single_answers(source)
        case _:
            return preferences(source)
