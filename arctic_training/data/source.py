"""Where conversations come from."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal, TypeAlias, TypedDict, assert_never

from arctic_training.config.data import (
    DataSource,
    HFInstructSourceConfig,
    PythonDocsSourceConfig,
)

__all__ = ["Conversation", "Message", "Role", "load_conversations"]

Role: TypeAlias = Literal["system", "user", "assistant"]


class Message(TypedDict):
    """What one side says."""

    role: str
    content: str


Conversation: TypeAlias = list[Message]


def load_conversations(sources: Sequence[DataSource]) -> list[Conversation]:
    """Load all conversations of some sources, one source after the other."""
    return [conversation for source in sources for conversation in _sampled(source)]


def _sampled(source: DataSource) -> list[Conversation]:
    conversations = _load(source)
    if source.sample_count is None or source.sample_count >= len(conversations):
        return conversations
    generator = random.Random(source.sample_seed)  # noqa: S311 - not for secrets
    chosen = sorted(generator.sample(range(len(conversations)), source.sample_count))
    return [conversations[index] for index in chosen]


def _load(source: DataSource) -> list[Conversation]:
    match source:
        case PythonDocsSourceConfig():
            from arctic_training.data.python_docs import python_docs

            return python_docs()
        case HFInstructSourceConfig():
            from arctic_training.data.huggingface import instruct_conversations

            return instruct_conversations(source)
        case _:
            assert_never(source)
