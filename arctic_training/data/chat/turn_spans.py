r"""Spans of assistant messages with tool calls or reasoning beside their content.

A template writes tool calls and reasoning in its own words, which no sentinels can trace and which
a model has to generate. So the message is replaced by one whose content is a single sentinel. What
the template then writes before and behind the sentinel is before and behind the turn. That is
proved for each conversation: its text has to begin and to end with exactly that.

    message    tool_calls: add(1, 2)
    first      "...assistant\n<tool_call>{...}</tool_call><|im_end|>\n"
    replaced   "...assistant\n", the sentinel, "<|im_end|>\n"
    span       "<tool_call>{...}</tool_call>"
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, cast

from jinja2 import TemplateError

from arctic_training.data.chat.conversation import BESIDE_CONTENT, Conversation, Message
from arctic_training.data.chat.spans import Render, Span, UndecidableError

__all__ = ["has_more_than_content", "plain_message", "turn_span"]

_NO_THOUGHT: Final = re.compile(r"<think>\s*</think>\s*\Z")


def has_more_than_content(message: Message) -> bool:
    """Return whether a message has tool calls or reasoning beside its content."""
    return any(message.get(key) for key in BESIDE_CONTENT)


def plain_message(message: Message, content: str) -> Message:
    """Return a message with other content, without tool calls and reasoning."""
    plain = {key: item for key, item in message.items() if key not in BESIDE_CONTENT}
    return cast("Message", {**plain, "content": content})


def turn_span(
    conversation: Conversation, index: int, text: str, render: Render, sentinel: str
) -> Span:
    """Return the span of a message in the rendered text, with tool calls and reasoning.

    Args:
        conversation: the messages.
        index: of the message.
        text: the conversation, rendered.
        render: the template that rendered it.
        sentinel: a character that the text does not have.

    Raises:
        UndecidableError: with another message in its place, the template changes the rest.

    """
    other = [*conversation]
    other[index] = plain_message(conversation[index], sentinel)
    try:
        before, *rest = render(other).split(sentinel)
    except TemplateError as error:
        raise UndecidableError from error
    if len(rest) == 1 and text.endswith(rest[0]):
        end = len(text) - len(rest[0])
        for prefix in _prefixes(before):
            if text.startswith(prefix) and len(prefix) <= end:
                return Span(len(prefix), end)
    raise UndecidableError


def _prefixes(before: str) -> Iterator[str]:
    """Iterate over what a template may write before the turn, given the text before a plain one.

    Only before plain content, it may write white space or an empty think block.
    """
    yield before
    yield before.rstrip()
    yield _NO_THOUGHT.sub("", before)
