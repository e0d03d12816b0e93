"""Where conversations come from."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias, TypedDict, assert_never

from arctic_training.config.base import SectionConfig
from arctic_training.config.data import (
    DataSource,
    HFInstructSourceConfig,
    PythonDocsSourceConfig,
)
from arctic_training.errors import RecipeError
from arctic_training.factory import Component

__all__ = ["Conversation", "Message", "Role", "load_conversations", "source_problems"]

Role: TypeAlias = Literal["system", "user", "assistant"]


class Message(TypedDict):
    """What one side says."""

    role: str
    content: str


Conversation: TypeAlias = list[Message]


def source_problems(
    reader: Component[SectionConfig], sources: Sequence[DataSource]
) -> Iterator[RecipeError]:
    """Iterate over what is wrong with the sources of a section, without loading them."""
    for source in sources:
        if isinstance(source, HFInstructSourceConfig):
            from arctic_training.data.huggingface import missing_path

            if (error := missing_path(source)) is not None:
                yield reader.located(error, source)


def load_conversations(
    reader: Component[SectionConfig], sources: Sequence[DataSource]
) -> list[Conversation]:
    """Load all conversations of the sources of a section, one source after the other.

    Raises:
        RecipeError: a source cannot be loaded, or does not hold conversations.

    """
    loaded: list[Conversation] = []
    for source in sources:
        try:
            loaded += _sampled(source)
        except RecipeError as error:
            raise reader.located(error, source) from error
    return loaded


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
