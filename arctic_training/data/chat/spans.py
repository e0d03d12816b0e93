"""Spans of a rendered conversation."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from arctic_training.data.chat.conversation import Conversation

__all__ = ["Answer", "Render", "Span", "UndecidableError"]

Render: TypeAlias = Callable[[Conversation], str]
"""Renders a conversation with a chat template."""


class Span(NamedTuple):
    """The characters from ``start`` to before ``end``."""

    start: int
    end: int


class Answer(NamedTuple):
    """An assistant message: its index in the conversation, and the span of its text."""

    message: int
    span: Span


class UndecidableError(ValueError):
    """A template changes text in a way that hides which characters are the assistant's."""
