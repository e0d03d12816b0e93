"""Conversations to tokens, with the tokenizer's chat template; which tokens are the assistant's."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias, cast

import numpy as np
from transformers import PreTrainedTokenizerBase
from transformers.utils.chat_template_utils import render_jinja_template

from arctic_training.data.chat.assistant_mask import answer_spans
from arctic_training.data.chat.conversation import Conversation
from arctic_training.data.chat.spans import Answer, Span
from arctic_training.data.chat.turn_ends import TurnEnds
from arctic_training.data.store.samples import Sample
from arctic_training.data.tokenizing import text_batches

__all__ = ["ChatEncoder", "LeftOutError", "Marked", "Trained"]

Marked: TypeAlias = tuple[str, list[Span]]
"""A text, and its parts that are trained."""

_MARKED: Final = re.compile(r"\{%-?\s*generation\s*-?%\}")
_EMPTY_THINK: Final = re.compile(r"\s*<think>\s*</think>\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """Which part of a conversation is trained."""

    inputs: bool = False
    """All of it."""

    last_turn_only: bool = False
    """Of the assistant's messages, only the last."""

    empty_think: bool = True
    """Also an empty think block at the beginning of an answer."""


class LeftOutError(ValueError):
    """A template leaves out a function that may be called, or is called."""


class _Encoding(Protocol):
    ids: list[int]

    def token_to_chars(self, token: int) -> Span: ...


class ChatEncoder:
    """Renders conversations and tokenises them.

    Where the template marks answers with ``{% generation %}``, exactly what it marks is trained.
    Else it is every token with a character of an answer in it, or of the end-of-turn text behind.

    Args:
        tokenizer: with its chat template.
        trained: which part of a conversation is.
        stops: tokens at which generation stops.

    Raises:
        ValueError: the tokenizer has no chat template.

    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, trained: Trained, stops: Iterable[str] = ()
    ) -> None:
        self._tokenizer = tokenizer
        self._trained = trained
        self.template: str = tokenizer.get_chat_template()
        self._variables: dict[str, str] = dict(tokenizer.special_tokens_map)
        self._has_marks = bool(_MARKED.search(self.template))
        added = [str(token) for token in tokenizer.added_tokens_decoder.values()]
        self._turn_ends = TurnEnds(self.render, [*added, *tokenizer.all_special_tokens], stops)

    @property
    def lacks_turn_ends(self) -> bool:
        """Whether the template wrote an answer without any end-of-turn text behind it."""
        return self._turn_ends.is_any_missing

    @property
    def plain_turn_end(self) -> str:
        """End-of-turn text that the template wrote and that has no token of its own; or empty."""
        return self._turn_ends.plain

    def render(self, conversation: Conversation) -> str:
        """Return the text of a conversation.

        Raises:
            TemplateError: the template refuses it.

        """
        return self._rendered(conversation, marks=False)[0]

    def spans(self, conversation: Conversation) -> Marked:
        """Return the text of a conversation, and its parts that are trained.

        Raises:
            TemplateError: the template refuses it.
            UndecidableError: it hides which part the assistant says.
            LeftOutError: it leaves out functions, or calls of them.

        """
        text, spans = self._spans(conversation)
        for name in _functions(conversation):
            if name not in text:
                raise LeftOutError(name)
        return text, spans

    def _spans(self, conversation: Conversation) -> Marked:
        if self._trained.inputs:
            text = self.render(conversation)
            return text, [Span(0, len(text))]
        if self._has_marks:
            text, spans = self._rendered(conversation, marks=True)
            return text, self._chosen(text, spans)
        text = self.render(conversation)
        answers = answer_spans(conversation, text, self.render)
        chosen = self._chosen(text, [answer.span for answer in answers])
        kept = answers[len(answers) - len(chosen) :]
        return text, [
            self._turn_ends.extended(conversation, text, Answer(answer.message, span))
            for answer, span in zip(kept, chosen, strict=True)
        ]

    def _chosen(self, text: str, spans: list[Span]) -> list[Span]:
        """Return the spans that are trained, of all that the assistant says."""
        if self._trained.last_turn_only:
            spans = spans[-1:]
        if not self._trained.empty_think:
            spans = [_without_empty_think(text, span) for span in spans]
        return spans

    def encode(self, marked: Iterable[Marked]) -> Iterator[Sample]:
        """Iterate over the samples of texts with their trained parts; some are read at a time."""
        backend = self._tokenizer.backend_tokenizer
        backend.no_truncation()
        backend.no_padding()
        for some in text_batches(marked, lambda text: len(text[0])):
            encoded = backend.encode_batch([text for text, _ in some], add_special_tokens=False)
            for encoding, (_, spans) in zip(encoded, some, strict=True):
                yield self._sample(encoding, spans)

    def _sample(self, encoding: _Encoding, spans: list[Span]) -> Sample:
        ids = np.array(encoding.ids, dtype=np.int32)
        if self._trained.inputs:
            return Sample(ids, np.ones(len(ids), dtype=np.bool_))
        trained = np.zeros(len(ids), dtype=np.bool_)
        # To look up a few tokens takes less than to list where all of them stand.
        place, tokens = encoding.token_to_chars, range(len(ids))
        for start, end in spans:
            first = bisect_right(tokens, start, key=lambda token: place(token)[1])
            last = bisect_left(tokens, end, key=lambda token: place(token)[0])
            trained[first:last] = True
        return Sample(ids, trained)

    def _rendered(self, conversation: Conversation, *, marks: bool) -> tuple[str, list[Span]]:
        variables = cast("dict[str, Any]", self._variables)
        messages = [dict(message) for message in conversation]
        tools = messages[0].pop("tools", None) if messages else None
        rendered = render_jinja_template(
            conversations=[messages],
            tools=cast("list[dict[Any, Any] | Callable[..., Any]] | None", tools),
            chat_template=self.template,
            return_assistant_tokens_mask=marks,
            **variables,
        )
        (text,), spans = cast("tuple[list[str], list[list[tuple[int, int]]]]", rendered)
        return text, [Span(*span) for span in spans[0]] if marks else []


def _functions(conversation: Conversation) -> Iterator[str]:
    """Iterate over the names of the functions that may be called or are called."""
    for message in conversation:
        for function in [*message.get("tools", ()), *message.get("tool_calls", ())]:
            inner = function.get("function", function)
            if isinstance(inner, dict) and isinstance(inner.get("name"), str):
                yield inner["name"]


def _without_empty_think(text: str, span: Span) -> Span:
    match = _EMPTY_THINK.match(text, span.start, span.end)
    return Span(match.end(), span.end) if match else span
