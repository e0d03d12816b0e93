"""The kinds of items that sources of any rows, or of a function, can be read as."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from arctic_training.config.preference import HFPreferenceSourceConfig
from arctic_training.data.chat.conversation import Conversation, Preference, as_message
from arctic_training.data.sources.huggingface_causal import document_from
from arctic_training.data.sources.huggingface_instruct import messages_from_row
from arctic_training.data.sources.huggingface_preference import preference_from_row
from arctic_training.data.sources.row_files import Row
from arctic_training.errors import RecipeError

__all__ = ["CONVERSATIONS", "DOCUMENTS", "PREFERENCES", "ItemKind"]

Item_co = TypeVar("Item_co", covariant=True)


@dataclass(frozen=True, slots=True)
class ItemKind(Generic[Item_co]):
    """A kind of items: how each is made, given its index, which errors name."""

    columns: tuple[str, ...]
    """The columns of rows that have such items."""

    from_row: Callable[[Row, int], Item_co]
    """Makes an item of the columns of a row."""

    from_value: Callable[[object, int], Item_co]
    """Takes a value that a function yields as an item."""


def _document_from_row(row: Row, index: int) -> str:
    return document_from(row["text"], index)


def _preference_from_row(row: Row, index: int) -> Preference:
    usual = HFPreferenceSourceConfig(name_or_path="the columns that it has by default")
    return preference_from_row(row, index, usual)


def _conversation(value: object, index: int) -> Conversation:
    items = value if isinstance(value, list) else []
    messages = [message for message in map(as_message, items) if message is not None]
    if not messages or len(messages) < len(items):
        raise _wrong_value(index, "list of messages", "Conversation")
    return messages


def _document(value: object, index: int) -> str:
    if not isinstance(value, str):
        raise _wrong_value(index, "string", "str")
    return value


def _preference(value: object, index: int) -> Preference:
    if not isinstance(value, Preference):
        raise _wrong_value(index, "prompt with two completions", "Preference")
    return value


def _wrong_value(index: int, what: str, type_name: str) -> RecipeError:
    message = f"sample {index} is not a {what}"
    return RecipeError(("function",), message, code="wrong-data", hint=f"yield a `{type_name}`")


CONVERSATIONS: Final = ItemKind(("messages",), messages_from_row, _conversation)
DOCUMENTS: Final = ItemKind(("text",), _document_from_row, _document)
PREFERENCES: Final = ItemKind(("prompt", "chosen", "rejected"), _preference_from_row, _preference)
