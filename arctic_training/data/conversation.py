"""What people and models say to each other."""

from __future__ import annotations

from typing import TypeAlias, TypedDict

__all__ = ["Conversation", "Message"]


class Message(TypedDict):
    """What one side says."""

    role: str
    content: str


Conversation: TypeAlias = list[Message]
