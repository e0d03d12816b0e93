"""Parts of a rendered conversation."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from arctic_training.data.chat.conversation import Conversation

__all__ = ["Answer", "Render", "Span", "UndecidableError"]

Render: TypeAlias = Callable[[Conversation], str]
"""Applies a chat template."""


class Span(NamedTuple):
    """Characters of a text, from ``start`` to before ``end``."""

    start: int
    end: int


class Answer(NamedTuple):
    """Text of an assistant message: the number of the message, and where the text stands."""

    message: int
    span: Span


class UndecidableError(ValueError):
    """A template hides which characters are the assistant's."""
