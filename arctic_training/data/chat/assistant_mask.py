r"""Assistant mask: the spans of the assistant's messages in what any template renders.

Each character of the assistant is replaced by a sentinel, and the conversation is rendered again.
Where the sentinels come out, the characters are. This is a proof, not a guess: with the characters
put back, the second rendering has to equal the first, its sentinels in order.

    message    " yes\n"                           a template trims it and appends <|im_end|>
    first      "...assistant\nyes<|im_end|>"
    sentinels  "01234"                            one for each of the five characters
    second     "...assistant\n01234<|im_end|>"    not trimmed, because no sentinel is white space
    put back   "...assistant\n yes\n<|im_end|>"   not equal to the first

    sentinels  " 123\n"                           the white space at both ends stays
    second     "...assistant\n123<|im_end|>"
    put back   "...assistant\nyes<|im_end|>"      equal to the first: the span is that of 123

So a template that looks at what it renders needs fewer sentinels: it trims white space, or cuts at
a tag such as `</think>`. First all characters but the white space at both ends are replaced, then
all but tags as well; what was spared is found from there outwards.
"""

from __future__ import annotations

import re
from itertools import pairwise, takewhile
from typing import Final

from jinja2 import TemplateError

from arctic_training.data.chat.conversation import Conversation
from arctic_training.data.chat.reasoning_tags import TAG, before_tags, behind_tags
from arctic_training.data.chat.sentinels import SentinelRun, Sentinels
from arctic_training.data.chat.spans import Answer, Render, Span, UndecidableError
from arctic_training.data.chat.turn_spans import has_more_than_content, turn_span

__all__ = ["assistant_spans"]

_SPARED: Final = (
    None,
    re.compile(r"\A\s+|\s+\Z"),
    re.compile(rf"\A\s+|\s+\Z|\s*{TAG}\s*"),
)
"""Characters that are not replaced, in each of the attempts."""


def assistant_spans(conversation: Conversation, text: str, render: Render) -> list[Answer]:
    """Return the span of each of the assistant's messages in the rendered text, in order.

    A message that the template leaves out has none; an empty one has an empty span. The end of the
    turn is not part of a span.

    Args:
        conversation: the messages.
        text: the conversation, rendered.
        render: the template that rendered it.

    Raises:
        UndecidableError: the template does more with the messages than to trim them, to cut them
            at tags or to leave them out.

    """
    finder = _SpanFinder(conversation, text, render)
    found = ((message, finder.span(index)) for index, message in enumerate(finder.messages))
    return [Answer(message, span) for message, span in found if span is not None]


class _SpanFinder:
    """Finds the characters of all assistant messages, which are concatenated and indexed as one."""

    def __init__(self, conversation: Conversation, text: str, render: Render) -> None:
        self._conversation = conversation
        self._text = text
        self._render = render
        self.messages = [i for i, m in enumerate(conversation) if m["role"] == "assistant"]
        self._contents = [conversation[i]["content"] for i in self.messages]
        self._characters = "".join(self._contents)
        self._bounds = [0]
        for content in self._contents:
            self._bounds.append(self._bounds[-1] + len(content))
        self._sentinels = Sentinels.unused_in(text, len(self._characters) + 1)
        self._runs = self._all_runs()

    def span(self, index: int) -> Span | None:
        """Return the span of a message; None if the template leaves it out."""
        message, sentinel = self.messages[index], self._sentinels.points[len(self._characters)]
        if has_more_than_content(self._conversation[message]):
            return turn_span(self._conversation, message, self._text, self._render, sentinel)
        content = self._contents[index]
        found = self._found(self._runs, index)
        if found is None:
            place = self._place_of_empty(index)
            if place is None:
                return None
            start = end = place
            before = after = content
        else:
            (start, first), (end, last) = found
            before, after = content[:first], content[last:]
        return Span(before_tags(self._text, start, before), behind_tags(self._text, end, after))

    def _found(
        self, runs: list[SentinelRun], index: int
    ) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """Return where a message begins and ends: in the text, and which of its characters."""
        first, last = self._bounds[index : index + 2]
        inside = [run for run in runs if run.first < last and run.first + run.length > first]
        if not inside:
            return None
        place, begin, _ = inside[0]
        skipped = max(0, first - begin)
        end_place, begin_last, length = inside[-1]
        kept = min(length, last - begin_last)
        return (place + skipped, begin + skipped - first), (
            end_place + kept,
            begin_last + kept - first,
        )

    def _all_runs(self) -> list[SentinelRun]:
        """Return the runs of the most characters that can be replaced."""
        for spared in _SPARED:
            replaced = self._replaceable(spared)
            runs = self._trace(replaced)
            if runs is not None:
                return self._grown(replaced, runs) if 0 in replaced else runs
        raise UndecidableError

    def _replaceable(self, spared: re.Pattern[str] | None) -> bytearray:
        replaced = bytearray(b"\1") * len(self._characters)
        if spared is None:
            return replaced
        for offset, content in zip(self._bounds, self._contents, strict=False):
            for match in spared.finditer(content):
                replaced[offset + match.start() : offset + match.end()] = bytes(len(match[0]))
        return replaced

    def _trace(self, replaced: bytearray) -> list[SentinelRun] | None:
        """Replace characters; return the runs of their sentinels if nothing else changes."""
        content = self._sentinels.points[: len(self._characters)]
        if 0 in replaced:
            both = zip(replaced, content, self._characters, strict=True)
            content = "".join(point if is_replaced else own for is_replaced, point, own in both)
        contents = [content[first:last] for first, last in pairwise(self._bounds)]
        rendered = self._rendered_with(dict(zip(self.messages, contents, strict=True)))
        if rendered is None:
            return None
        runs = list(self._sentinels.find(rendered))
        restored, parts, end = 0, [], 0
        for place, first, length in runs:
            if first < restored:  # out of order: the template repeats or swaps messages
                return None
            parts += [rendered[end:place], self._characters[first : first + length]]
            restored, end = first + length, place + length
        return runs if "".join([*parts, rendered[end:]]) == self._text else None

    def _rendered_with(self, contents: dict[int, str]) -> str | None:
        conversation: Conversation = [
            {**message, "content": contents.get(i, message["content"])}
            for i, message in enumerate(self._conversation)
        ]
        try:
            return self._render(conversation)
        except TemplateError:
            return None

    def _grown(self, replaced: bytearray, runs: list[SentinelRun]) -> list[SentinelRun]:
        """Replace more: whole messages, then white space at their ends, as long as it holds."""
        for index, (first, last) in enumerate(pairwise(self._bounds)):
            for spared in _SPARED[:2]:
                more = replaced[:]
                more[first:last] = self._replaceable(spared)[first:last]
                if (traced := self._trace(more)) is not None:
                    replaced, runs = more, traced
                    break
            found = self._found(runs, index)
            if found is None:
                continue
            (_, begin), (_, end) = found
            for outwards in (range(first + begin - 1, first - 1, -1), range(first + end, last)):
                replaced, runs = self._with_spaces(replaced, runs, outwards)
        return runs

    def _with_spaces(
        self, replaced: bytearray, runs: list[SentinelRun], outwards: range
    ) -> tuple[bytearray, list[SentinelRun]]:
        """Replace as much white space next to a message as possible: bisection."""
        spaces = list(
            takewhile(lambda i: not replaced[i] and self._characters[i].isspace(), outwards)
        )
        low, high = 0, len(spaces)
        while low < high:
            middle = (low + high + 1) // 2
            more = replaced[:]
            for index in spaces[:middle]:
                more[index] = 1
            if (traced := self._trace(more)) is None:
                high = middle - 1
            else:
                low, replaced, runs = middle, more, traced
        return replaced, runs

    def _place_of_empty(self, index: int) -> int | None:
        """Return the place of a message that is rendered empty; None if it is left out."""
        sentinel = self._sentinels.points[len(self._characters)]
        rendered = self._rendered_with({self.messages[index]: sentinel})
        if rendered is None or rendered.replace(sentinel, "") != self._text:
            raise UndecidableError
        match [found.start() for found in re.finditer(sentinel, rendered)]:
            case []:
                return None
            case [place]:
                return place
            case _:
                raise UndecidableError
