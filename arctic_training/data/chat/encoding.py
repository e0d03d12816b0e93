"""Conversations to token ids and a loss mask, with the tokenizer's chat template."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol, cast

import numpy as np
from transformers import PreTrainedTokenizerBase
from transformers.utils.chat_template_utils import render_jinja_template

from arctic_training.data.chat.assistant_mask import assistant_spans
from arctic_training.data.chat.conversation import Conversation
from arctic_training.data.chat.spans import Answer, Span
from arctic_training.data.chat.turn_ends import TurnEnds
from arctic_training.data.store.samples import Sample
from arctic_training.data.tokenizing import text_batches

__all__ = ["ChatEncoder", "LeftOutError", "MaskOptions", "MaskedText"]

_GENERATION_BLOCK: Final = re.compile(r"\{%-?\s*generation\s*-?%\}")
_EMPTY_THINK: Final = re.compile(r"\s*<think>\s*</think>\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskOptions:
    """Which part of a conversation has loss, beside the assistant's messages."""

    inputs: bool = False
    """All of it has loss."""

    last_turn_only: bool = False
    """Of the assistant's messages, only the last has loss."""

    empty_think: bool = True
    """An empty think block at the beginning of a message has loss."""


class MaskedText(NamedTuple):
    """A rendered conversation, and the spans of it that have loss."""

    text: str
    spans: list[Span]


class LeftOutError(ValueError):
    """A template leaves out a function that may be called, or is called."""


class _Encoding(Protocol):
    ids: list[int]

    def token_to_chars(self, token: int) -> Span: ...


class ChatEncoder:
    """Renders conversations and tokenises them.

    Where the template has ``{% generation %}`` blocks, exactly these have loss. Otherwise every
    token has that shares a character with an assistant message, or with the end of its turn.

    Args:
        tokenizer: with its chat template.
        options: which part of a conversation has loss.
        stops: tokens at which generation stops.

    Raises:
        ValueError: the tokenizer has no chat template.

    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, options: MaskOptions, stops: Iterable[str] = ()
    ) -> None:
        self._tokenizer = tokenizer
        self._options = options
        self.template: str = tokenizer.get_chat_template()
        self._variables: dict[str, str] = dict(tokenizer.special_tokens_map)
        self._has_generation_blocks = bool(_GENERATION_BLOCK.search(self.template))
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
        return self._rendered(conversation, with_blocks=False)[0]

    def masked_text(self, conversation: Conversation) -> MaskedText:
        """Return the text of a conversation, and the spans of it that have loss.

        Raises:
            TemplateError: the template refuses it.
            UndecidableError: it hides which part the assistant says.
            LeftOutError: it leaves out functions, or calls of them.

        """
        text, spans = self._masked_text(conversation)
        for name in _functions(conversation):
            if name not in text:
                raise LeftOutError(name)
        return MaskedText(text, spans)

    def _masked_text(self, conversation: Conversation) -> MaskedText:
        if self._options.inputs:
            text = self.render(conversation)
            return MaskedText(text, [Span(0, len(text))])
        if self._has_generation_blocks:
            text, spans = self._rendered(conversation, with_blocks=True)
            return MaskedText(text, self._chosen(text, spans))
        text = self.render(conversation)
        answers = assistant_spans(conversation, text, self.render)
        chosen = self._chosen(text, [answer.span for answer in answers])
        kept = answers[len(answers) - len(chosen) :]
        spans = [
            self._turn_ends.extended(conversation, text, Answer(answer.message, span))
            for answer, span in zip(kept, chosen, strict=True)
        ]
        return MaskedText(text, spans)

    def _chosen(self, text: str, spans: list[Span]) -> list[Span]:
        """Return the spans that have loss, of all that the assistant says."""
        if self._options.last_turn_only:
            spans = spans[-1:]
        if not self._options.empty_think:
            spans = [_without_empty_think(text, span) for span in spans]
        return spans

    def encode(self, texts: Iterable[MaskedText]) -> Iterator[Sample]:
        """Tokenise texts, many at once, and turn their spans into loss masks."""
        backend = self._tokenizer.backend_tokenizer
        backend.no_truncation()
        backend.no_padding()
        for some in text_batches(texts, lambda each: len(each.text)):
            encoded = backend.encode_batch([text for text, _ in some], add_special_tokens=False)
            for encoding, (_, spans) in zip(encoded, some, strict=True):
                yield self._sample(encoding, spans)

    def _sample(self, encoding: _Encoding, spans: list[Span]) -> Sample:
        ids = np.array(encoding.ids, dtype=np.int32)
        if self._options.inputs:
            return Sample(ids, np.ones(len(ids), dtype=np.bool_))
        loss_mask = np.zeros(len(ids), dtype=np.bool_)
        # Bisection looks up a few tokens; listing the characters of all costs more than encoding.
        place, tokens = encoding.token_to_chars, range(len(ids))
        for start, end in spans:
            first = bisect_right(tokens, start, key=lambda token: place(token)[1])
            last = bisect_left(tokens, end, key=lambda token: place(token)[0])
            loss_mask[first:last] = True
        return Sample(ids, loss_mask)

    def _rendered(self, conversation: Conversation, *, with_blocks: bool) -> tuple[str, list[Span]]:
        variables = cast("dict[str, Any]", self._variables)
        messages = [dict(message) for message in conversation]
        tools = messages[0].pop("tools", None) if messages else None
        rendered = render_jinja_template(
            conversations=[messages],
            tools=cast("list[dict[Any, Any] | Callable[..., Any]] | None", tools),
            chat_template=self.template,
            return_assistant_tokens_mask=with_blocks,
            **variables,
        )
        (text,), spans = cast("tuple[list[str], list[list[tuple[int, int]]]]", rendered)
        return text, [Span(*span) for span in spans[0]] if with_blocks else []


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
