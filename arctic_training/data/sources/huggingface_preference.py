"""Rows to preferences: a prompt, and two ways to go on, of which one is preferred."""

from __future__ import annotations

from itertools import takewhile
from typing import Final, NamedTuple

from arctic_training.config.preference import HFPreferenceSourceConfig
from arctic_training.data.chat.conversation import (
    Conversation,
    Message,
    as_message,
    decoded_messages,
)
from arctic_training.data.chat.tools import TOOLS, offered
from arctic_training.data.sources.dataset import Items
from arctic_training.data.sources.huggingface import check_rows, load_rows
from arctic_training.data.sources.python_docs import python_docs
from arctic_training.data.sources.row_files import Row
from arctic_training.data.sources.source_errors import Needed
from arctic_training.errors import Pointer, RecipeError

__all__ = [
    "Preference",
    "check_preferences",
    "hub_preferences",
    "preference_of",
    "python_docs_preferences",
    "said_in",
]

_PROMPT: Final = ("prompt_column",)
_CHOSEN: Final = ("chosen_column",)
_REJECTED: Final = ("rejected_column",)


class Preference(NamedTuple):
    """What stands before both answers, and the answers; each is one message or several."""

    prompt: Conversation
    chosen: Conversation
    rejected: Conversation


def check_preferences(config: HFPreferenceSourceConfig) -> None:
    """Make sure that a local source has the columns that it needs, without loading it.

    Raises:
        RecipeError: its pointer begins at the source.

    """
    check_rows(config, _needed(config))


def hub_preferences(config: HFPreferenceSourceConfig) -> Items[Preference]:
    """Return the preferences of a source of the hub or of local files.

    Raises:
        RecipeError: the data set cannot be loaded, or a row is no preference; its pointer begins
            at the source.

    """
    return load_rows(
        config,
        _needed(config),
        lambda row, number: preference_of(row, number, config),
        taken=[TOOLS],
    )


def python_docs_preferences() -> list[Preference]:
    """Pair each question's answer with that to the question half the set further on."""
    conversations = python_docs()
    half = len(conversations) // 2
    others = [*conversations[half:], *conversations[:half]]
    return [
        Preference([question], [right], [wrong])
        for (question, right), (_, wrong) in zip(conversations, others, strict=True)
    ]


def _needed(config: HFPreferenceSourceConfig) -> Needed:
    answers: dict[Pointer, str] = {_CHOSEN: config.chosen_column, _REJECTED: config.rejected_column}
    prompt: dict[Pointer, str] = {_PROMPT: config.prompt_column} if config.prompt_column else {}
    return prompt | answers


def preference_of(row: Row, number: int, config: HFPreferenceSourceConfig) -> Preference:
    """Take what both sides of a row begin with as the prompt, wherever it was written.

    Raises:
        RecipeError: a row is no preference; its pointer begins at the source.

    """
    chosen, rejected = (
        _side(row, number, config, pointer, column)
        for pointer, column in (
            (_CHOSEN, config.chosen_column),
            (_REJECTED, config.rejected_column),
        )
    )
    pairs = zip(chosen, rejected, strict=False)
    shared = len([*takewhile(lambda pair: pair[0] == pair[1], pairs)])
    if not shared:
        message = f"the two sides of row {number} do not begin with the same prompt"
        raise RecipeError(_CHOSEN, message, code="wrong-data")
    prompt = offered(chosen[:shared], row, number)
    return Preference(prompt, chosen[shared:], rejected[shared:])


def _side(
    row: Row, number: int, config: HFPreferenceSourceConfig, pointer: Pointer, column: str
) -> Conversation:
    """Return an answer with the prompt before it: its own, or else that of the row."""
    answer = said_in(row[column], number, pointer, role="assistant")
    if answer and answer[0]["role"] != "assistant":
        return answer
    if config.prompt_column is None:
        message = f"row {number} has an answer without a prompt before it"
        raise RecipeError(pointer, message, code="wrong-data", hint="give `prompt_column`")
    return [*said_in(row[config.prompt_column], number, _PROMPT, role="user"), *answer]


def said_in(value: object, number: int, pointer: Pointer, *, role: str) -> Conversation:
    """Return the messages in a column: those of a list, or a text as one of some role.

    Raises:
        RecipeError: it is neither, at ``pointer``.

    """
    said = decoded_messages(value)
    if isinstance(said, str):
        return [Message(role=role, content=said)]
    items = said if isinstance(said, list) else [None]
    messages = [message for message in map(as_message, items) if message is not None]
    if len(messages) < len(items):
        message = f"row {number} has neither a text nor a list of texts with their roles there"
        raise RecipeError(pointer, message, code="wrong-data")
    return messages
