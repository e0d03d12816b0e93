"""End-of-turn text: what a chat template writes behind an answer to close the assistant's turn.

A model has to generate this text itself, so it gets a loss like the answer. It may be one token,
white space and a token, several tokens, or plain text such as `### End`. What a template writes
behind the last message of a conversation closes the turn, because there is no next message for it
to open. Behind an earlier answer, only what it has in common with that closes the turn; the rest
opens the next message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from jinja2 import TemplateError

from arctic_training.data.chat.conversation import Conversation, Message
from arctic_training.data.chat.spans import Answer, Render, Span
from arctic_training.data.chat.turn_spans import has_more_than_content, plain_message

__all__ = ["TurnEnds"]

_SENTINEL: Final = "\U0010fffd"
"""Content that replaces an answer: a code point of private use, which no template looks at."""

_NOTHING_MATCHES: Final = r"(?!)"


class TurnEnds:
    """Finds the end-of-turn text behind answers.

    Args:
        render: applies the chat template.
        tokens: added tokens of the tokenizer, special or not, as they are written.
        stops: those of them at which generation stops.

    """

    def __init__(self, render: Render, tokens: Iterable[str], stops: Iterable[str] = ()) -> None:
        self._render = render
        self._stops = frozenset(stops)
        longest_first = sorted({t for t in tokens if t and not t.isspace()}, key=len, reverse=True)
        token = "|".join(map(re.escape, longest_first)) or _NOTHING_MATCHES
        self._added = re.compile(token)
        self._token = re.compile(rf"\s*(?:{token})")
        self._unit = re.compile(rf"{token}|\s+|(?:(?!{token})[^\n])+")
        self._earlier: dict[tuple[str, bool], str] = {}
        self._last: dict[str, str] = {}
        self.is_any_missing = False
        """Whether there was an answer without end-of-turn text behind it."""
        self.plain = ""
        """End-of-turn text that was found and has no token in it, so that generation continues."""

    def extended(self, conversation: Conversation, text: str, answer: Answer) -> Span:
        """Return the span of an answer with the end-of-turn text behind it, if there is any.

        Args:
            conversation: the messages.
            text: the conversation, rendered.
            answer: one of its answers.

        """
        start, end = answer.span
        following = conversation[answer.message + 1 :]
        if following:
            until = conversation[: answer.message + 1]
            found = self._before(following[0]["role"], until, text, end)
        else:
            found = self._closing(text[:start], text[end:])
        self.is_any_missing |= not found
        if found and not self._added.search(found):
            self.plain = " ".join(found.split())
        return Span(start, end + len(found))

    def _before(self, role: str, until: Conversation, text: str, end: int) -> str:
        """Return the end-of-turn text before a message of a role; most often it is known."""
        key = role, has_more_than_content(until[-1])
        known = self._earlier.get(key)
        if not known or not text.startswith(known, end):
            known = self._earlier[key] = self._between(role, until, text, end)
        return known

    def _between(self, role: str, until: Conversation, text: str, end: int) -> str:
        """Return the end-of-turn text of an answer that a message of a role follows."""
        if found := self._written(role, until, text, end):
            return found
        token = self._token.match(text, end)
        return token[0] if token and token[0].lstrip() in self._stops else ""

    def _written(self, role: str, until: Conversation, text: str, end: int) -> str:
        """Return what a template writes behind an answer to close the turn and nothing else."""
        token = self._token.match(text, end)
        rendered = self._with_sentinel(until)
        if rendered is None:  # such as by a template that takes no answer as the last message
            return token[0] if token else ""
        closing = self._closing(*rendered)
        shared = self._common(closing, text, end)
        if shared or not closing or token is None:
            return shared
        # A template may end the last answer in another way than earlier ones. Then the token that
        # follows the answer ends it, unless it opens a message of the role that follows.
        other = "user" if role == "assistant" else "assistant"
        followed = self._with_sentinel(until, Message(role=other, content="-"))
        is_end = followed is None or followed[1].startswith(token[0])
        return token[0] if is_end else ""

    def _with_sentinel(self, until: Conversation, *following: Message) -> tuple[str, str] | None:
        """Return the text before and behind an answer; None if the template refuses it."""
        *earlier, answer = until
        try:
            rendered = self._render([*earlier, plain_message(answer, _SENTINEL), *following])
        except TemplateError:
            return None
        before, found, behind = rendered.rpartition(_SENTINEL)
        return (before, behind) if found else None

    def _common(self, closing: str, text: str, end: int) -> str:
        """Return the whole units that end-of-turn text and the text behind an answer share."""
        place = end
        for unit in self._units(closing):
            if not text.startswith(unit, place):
                break
            place += len(unit)
        return text[end:place].rstrip()

    def _closing(self, before: str, behind: str) -> str:
        """Return what closes the last turn, given the text before and behind its answer.

        A template that always appends a generation prompt ends as it does before an answer: then
        the first unit closes the turn.
        """
        known = self._last.get(behind)
        if known is None:
            first, *others = self._visible(behind) or ["", ""]
            prompts = bool(others) and self._visible(before)[-1:] == others[-1:]
            ending = behind[: behind.index(first) + len(first)] if prompts else behind
            known = self._last[behind] = ending.rstrip()
        return known

    def _visible(self, text: str) -> list[str]:
        return [unit for unit in self._units(text) if not unit.isspace()]

    def _units(self, text: str) -> Iterator[str]:
        """Iterate over added tokens, runs of white space, and lines of other text."""
        return (match[0] for match in self._unit.finditer(text))
