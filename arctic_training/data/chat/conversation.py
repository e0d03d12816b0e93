"""Messages, conversations and preferences: what a chat template renders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, NamedTuple, NotRequired, TypeAlias, TypedDict, cast

__all__ = [
    "BESIDE_CONTENT",
    "Conversation",
    "Message",
    "Preference",
    "as_message",
    "decoded_list",
    "decoded_messages",
    "without_nulls",
]

BESIDE_CONTENT: Final = (
    "tool_calls",
    "function_call",
    "reasoning_content",
    "reasoning",
    "thinking",
)
"""Keys of a message that are rendered beside its content."""


class Message(TypedDict):
    """A message of a conversation. Keys beside these reach the chat template as well."""

    role: str
    content: str
    tool_calls: NotRequired[list[Mapping[str, object]]]
    """Tool calls of the assistant."""

    tools: NotRequired[list[Mapping[str, object]]]
    """In the first message: the functions that may be called, each a JSON schema."""


Conversation: TypeAlias = list[Message]


class Preference(NamedTuple):
    """A prompt with two completions, each of one message or several; one may be empty."""

    prompt: Conversation
    chosen: Conversation
    rejected: Conversation


def as_message(value: object) -> Message | None:
    """Return an item of a data set as a message with all its keys; None if it is malformed.

    With tool calls or reasoning, content may be missing. Members that are null are left out.
    """
    if not isinstance(value, dict) or not isinstance(value.get("role"), str):
        return None
    message = {key: without_nulls(item) for key, item in value.items() if item is not None}
    if any(message.get(key) for key in BESIDE_CONTENT):
        message.setdefault("content", "")
    return cast("Message", message) if isinstance(message.get("content"), str) else None


def without_nulls(value: object) -> object:
    """Return a value without the members of mappings that are null, however deep.

    Parquet and Arrow give each mapping of a column the keys of all of them, with null for those
    that it does not have. Items of lists stay, also if they are null.
    """
    match value:
        case dict():
            return {key: without_nulls(each) for key, each in value.items() if each is not None}
        case list():
            return [without_nulls(each) for each in value]
        case _:
            return value


def decoded_list(value: object) -> object:
    """Return the list of mappings that a string is the JSON of; any other value unchanged.

    Formats without lists, such as CSV, hold them as JSON.
    """
    if not isinstance(value, str) or not value.lstrip().startswith("["):
        return value
    try:
        items: object = json.loads(value)
    except (ValueError, RecursionError):
        return value
    is_list = isinstance(items, list) and all(isinstance(item, dict) for item in items)
    return items if is_list else value


def decoded_messages(value: object) -> object:
    """Return the messages that a string is the JSON of; any other value or string unchanged.

    Another text may be a list in JSON as well, such as the answer to who asks for one.
    """
    items = decoded_list(value)
    return items if isinstance(items, list) and items and all(map(as_message, items)) else value
