"""Where a chat template puts a turn of the assistant that says more than its content.

Function calls and thoughts are not texts whose characters could be followed: a template writes
them as it likes, with words of its own around them, all of which a model has to write itself. So
the message is replaced by one with a mark for its content and nothing else. What then stands
before the mark and behind it, stands before and behind the turn. That is proved for the
conversation at hand: the text has to begin and to end with just that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, cast

from jinja2 import TemplateError

from arctic_training.data.chat.conversation import SAID, Conversation, Message
from arctic_training.data.chat.spans import Render, Span, UndecidableError

__all__ = ["plain_message", "says_more", "turn_span"]

_NO_THOUGHT: Final = re.compile(r"<think>\s*</think>\s*\Z")


def says_more(message: Message) -> bool:
    """Return whether a message says more than its content."""
    return any(message.get(key) for key in SAID)


def plain_message(message: Message, content: str) -> Message:
    """Return a message with another content, without calls and thoughts."""
    plain = {key: item for key, item in message.items() if key not in SAID}
    return cast("Message", {**plain, "content": content})


def turn_span(conversation: Conversation, index: int, text: str, render: Render, mark: str) -> Span:
    """Return where a message stands in the rendered text, with all that it says.

    Args:
        conversation: the messages.
        index: of the message.
        text: the conversation, rendered.
        render: the template that rendered it.
        mark: a character that the text does not have.

    Raises:
        UndecidableError: with another message in its place, the template writes the rest anew.

    """
    other = [*conversation]
    other[index] = plain_message(conversation[index], mark)
    try:
        before, *rest = render(other).split(mark)
    except TemplateError as error:
        raise UndecidableError from error
    if len(rest) == 1 and text.endswith(rest[0]):
        end = len(text) - len(rest[0])
        for begun in _beginnings(before):
            if text.startswith(begun) and len(begun) <= end:
                return Span(len(begun), end)
    raise UndecidableError


def _beginnings(before: str) -> Iterator[str]:
    """Iterate over what may stand before a turn, where that stands before a plain message.

    A template may write white space before a content, or that nothing was thought.
    """
    yield before
    yield before.rstrip()
    yield _NO_THOUGHT.sub("", before)
