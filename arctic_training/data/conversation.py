"""What people and models say to each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NotRequired, TypeAlias, TypedDict, cast

__all__ = ["SAID", "Conversation", "Message", "as_message"]

SAID: Final = ("tool_calls", "function_call", "reasoning_content", "reasoning", "thinking")
"""What a message may say beside its content."""


class Message(TypedDict):
    """What one side says. Further keys, whatever they are, reach the chat template."""

    role: str
    content: str
    tool_calls: NotRequired[list[Mapping[str, object]]]
    """Functions that the assistant calls."""

    tools: NotRequired[list[Mapping[str, object]]]
    """In the first message: the functions that may be called, each a JSON schema."""


Conversation: TypeAlias = list[Message]


def as_message(value: object) -> Message | None:
    """Return an item of a data set as a message with all that it has; None if it is none.

    Who only calls functions or thinks need not say anything.
    """
    if not isinstance(value, dict) or not isinstance(value.get("role"), str):
        return None
    message = {key: item for key, item in value.items() if item is not None}
    if any(message.get(key) for key in SAID):
        message.setdefault("content", "")
    return cast("Message", message) if isinstance(message.get("content"), str) else None
