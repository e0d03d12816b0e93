"""Preferences of the Hugging Face hub and of local files: a prompt and two completions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Final

from typing_extensions import override

from arctic_training.config.preference import HFPreferenceSourceConfig
from arctic_training.data.chat.conversation import (
    Conversation,
    Message,
    Preference,
    as_message,
    decoded_messages,
)
from arctic_training.data.chat.tools import TOOLS, offered
from arctic_training.data.sources.huggingface import HFSource
from arctic_training.data.sources.recognition import RowLayout
from arctic_training.data.sources.row_files import Row
from arctic_training.data.sources.source_errors import Needed
from arctic_training.errors import Pointer, RecipeError

__all__ = ["HFPreferenceSource", "messages_in", "preference_from_row"]

_PROMPT: Final = ("prompt_column",)
_CHOSEN: Final = ("chosen_column",)
_REJECTED: Final = ("rejected_column",)


class HFPreferenceSource(HFSource[HFPreferenceSourceConfig, Preference]):
    """Rows with a pair of completions each."""

    layout = RowLayout(
        "huggingface_preference", "pairs of answers", frozenset({"chosen", "rejected"}), "dpo"
    )

    @property
    @override
    def column_choices(self) -> Sequence[Needed]:
        config = self.config
        pair: dict[Pointer, str] = {
            _CHOSEN: config.chosen_column,
            _REJECTED: config.rejected_column,
        }
        prompt: dict[Pointer, str] = {_PROMPT: config.prompt_column} if config.prompt_column else {}
        return [prompt | pair]

    @property
    @override
    def optional_columns(self) -> Iterable[str]:
        return [TOOLS]

    @override
    def item(self, row: Row, index: int) -> Preference:
        return preference_from_row(row, index, self.config)


def preference_from_row(row: Row, number: int, config: HFPreferenceSourceConfig) -> Preference:
    """Take what chosen and rejected have in common as the prompt, wherever it is written.

    Raises:
        RecipeError: the row is malformed; the pointer begins at the source.

    """
    chosen, rejected = (
        _conversation(row, number, config, pointer, column)
        for pointer, column in (
            (_CHOSEN, config.chosen_column),
            (_REJECTED, config.rejected_column),
        )
    )
    pairs = zip(chosen, rejected, strict=False)
    shared = len([*takewhile(lambda pair: pair[0] == pair[1], pairs)])
    if not shared:
        message = f"chosen and rejected of row {number} do not begin with the same prompt"
        raise RecipeError(_CHOSEN, message, code="wrong-data")
    prompt = offered(chosen[:shared], row, number)
    return Preference(prompt, chosen[shared:], rejected[shared:])


def _conversation(
    row: Row, number: int, config: HFPreferenceSourceConfig, pointer: Pointer, column: str
) -> Conversation:
    """Return a completion with the prompt before it: its own, or else that of the row."""
    answer = messages_in(row[column], number, pointer, role="assistant")
    if answer and answer[0]["role"] != "assistant":
        return answer
    if config.prompt_column is None:
        message = f"row {number} has an answer without a prompt before it"
        raise RecipeError(pointer, message, code="wrong-data", hint="give `prompt_column`")
    return [*messages_in(row[config.prompt_column], number, _PROMPT, role="user"), *answer]


def messages_in(value: object, number: int, pointer: Pointer, *, role: str) -> Conversation:
    """Return the messages in a column: those of a list, or a string as one message of ``role``.

    Raises:
        RecipeError: it is neither, at ``pointer``.

    """
    decoded = decoded_messages(value)
    if isinstance(decoded, str):
        return [Message(role=role, content=decoded)]
    items = decoded if isinstance(decoded, list) else [None]
    messages = [message for message in map(as_message, items) if message is not None]
    if len(messages) < len(items):
        message = f"row {number} has neither a string nor a list of `{{role, content}}` there"
        raise RecipeError(pointer, message, code="wrong-data")
    return messages
