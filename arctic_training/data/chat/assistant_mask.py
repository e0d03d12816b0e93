"""Where a chat template puts what the assistant says, for any template.

The assistant's characters are replaced by marks, one of its own for each, and the conversation is
rendered again. Where the marks come out, the characters stand. This is proved, not guessed: the
rendered text with the characters put back has to be the text itself, the marks in their order. A
template may look at what it renders: it trims white space, or cuts at a tag such as `</think>`.
Then the text changes, and fewer characters are replaced: first all but the white space at both
ends, then all but tags as well. What was spared is found from there outwards.
"""

from __future__ import annotations

import re
from itertools import pairwise, takewhile
from typing import Final

from jinja2 import TemplateError

from arctic_training.data.chat.conversation import Conversation
from arctic_training.data.chat.reasoning_tags import TAG, before_tags, behind_tags
from arctic_training.data.chat.sentinels import Marks, Piece
from arctic_training.data.chat.spans import Answer, Render, Span, UndecidableError
from arctic_training.data.chat.turn_spans import says_more, turn_span

__all__ = ["answer_spans"]

_SPARED: Final = (
    None,
    re.compile(r"\A\s+|\s+\Z"),
    re.compile(rf"\A\s+|\s+\Z|\s*{TAG}\s*"),
)
"""What is not replaced, from one attempt to the next."""


def answer_spans(conversation: Conversation, text: str, render: Render) -> list[Answer]:
    """Return where each of the assistant's messages stands in the rendered text, in order.

    A message that the template leaves out is not among them; an empty one has an empty span. The
    end of the turn is not part of it.

    Args:
        conversation: the messages.
        text: the conversation, rendered.
        render: the template that rendered it.

    Raises:
        UndecidableError: the template does more with the answers than to trim them, to cut them
            at tags or to leave them out.

    """
    tracer = _Tracer(conversation, text, render)
    found = ((message, tracer.span(number)) for number, message in enumerate(tracer.answers))
    return [Answer(message, span) for message, span in found if span is not None]


class _Tracer:
    """Follows the characters of all answers of a conversation, which are numbered through."""

    def __init__(self, conversation: Conversation, text: str, render: Render) -> None:
        self._conversation = conversation
        self._text = text
        self._render = render
        self.answers = [i for i, m in enumerate(conversation) if m["role"] == "assistant"]
        self._contents = [conversation[i]["content"] for i in self.answers]
        self._said = "".join(self._contents)
        self._bounds = [0]
        for content in self._contents:
            self._bounds.append(self._bounds[-1] + len(content))
        self._marks = Marks.free(text, len(self._said) + 1)
        self._pieces = self._all_pieces()

    def span(self, index: int) -> Span | None:
        """Return where an answer stands."""
        answer, mark = self.answers[index], self._marks.points[len(self._said)]
        if says_more(self._conversation[answer]):
            return turn_span(self._conversation, answer, self._text, self._render, mark)
        content = self._contents[index]
        found = self._found(self._pieces, index)
        if found is None:
            place = self._place_of_nothing(index)
            if place is None:
                return None
            start = end = place
            before = after = content
        else:
            (start, first), (end, last) = found
            before, after = content[:first], content[last:]
        return Span(before_tags(self._text, start, before), behind_tags(self._text, end, after))

    def _found(
        self, pieces: list[Piece], index: int
    ) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """Return where an answer begins and ends: in the text, and which characters of it."""
        first, last = self._bounds[index : index + 2]
        inside = [p for p in pieces if p.first < last and p.first + p.length > first]
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

    def _all_pieces(self) -> list[Piece]:
        """Return what can be replaced of the answers, where it stands."""
        for spared in _SPARED:
            replaced = self._replaceable(spared)
            pieces = self._trace(replaced)
            if pieces is not None:
                return self._grown(replaced, pieces) if 0 in replaced else pieces
        raise UndecidableError

    def _replaceable(self, spared: re.Pattern[str] | None) -> bytearray:
        replaced = bytearray(b"\1") * len(self._said)
        if spared is None:
            return replaced
        for offset, content in zip(self._bounds, self._contents, strict=False):
            for match in spared.finditer(content):
                replaced[offset + match.start() : offset + match.end()] = bytes(len(match[0]))
        return replaced

    def _trace(self, replaced: bytearray) -> list[Piece] | None:
        """Replace characters; return where they come out if nothing else changes."""
        marked = self._marks.points[: len(self._said)]
        if 0 in replaced:
            both = zip(replaced, marked, self._said, strict=True)
            marked = "".join(mark if is_replaced else said for is_replaced, mark, said in both)
        contents = [marked[first:last] for first, last in pairwise(self._bounds)]
        rendered = self._rendered_with(dict(zip(self.answers, contents, strict=True)))
        if rendered is None:
            return None
        pieces = list(self._marks.pieces(rendered))
        said, parts, end = 0, [], 0
        for place, first, length in pieces:
            if first < said:
                return None
            parts += [rendered[end:place], self._said[first : first + length]]
            said, end = first + length, place + length
        return pieces if "".join([*parts, rendered[end:]]) == self._text else None

    def _rendered_with(self, contents: dict[int, str]) -> str | None:
        conversation: Conversation = [
            {**message, "content": contents.get(i, message["content"])}
            for i, message in enumerate(self._conversation)
        ]
        try:
            return self._render(conversation)
        except TemplateError:
            return None

    def _grown(self, replaced: bytearray, pieces: list[Piece]) -> list[Piece]:
        """Replace more: whole answers, then white space at their ends, as long as it holds."""
        for index, (first, last) in enumerate(pairwise(self._bounds)):
            for spared in _SPARED[:2]:
                more = replaced[:]
                more[first:last] = self._replaceable(spared)[first:last]
                if (traced := self._trace(more)) is not None:
                    replaced, pieces = more, traced
                    break
            found = self._found(pieces, index)
            if found is None:
                continue
            (_, begin), (_, end) = found
            for outwards in (range(first + begin - 1, first - 1, -1), range(first + end, last)):
                replaced, pieces = self._with_spaces(replaced, pieces, outwards)
        return pieces

    def _with_spaces(
        self, replaced: bytearray, pieces: list[Piece], outwards: range
    ) -> tuple[bytearray, list[Piece]]:
        """Replace the most white space there is next to an answer: bisection."""
        spaces = list(takewhile(lambda i: not replaced[i] and self._said[i].isspace(), outwards))
        low, high = 0, len(spaces)
        while low < high:
            middle = (low + high + 1) // 2
            more = replaced[:]
            for index in spaces[:middle]:
                more[index] = 1
            if (traced := self._trace(more)) is None:
                high = middle - 1
            else:
                low, replaced, pieces = middle, more, traced
        return replaced, pieces

    def _place_of_nothing(self, index: int) -> int | None:
        """Return where an answer of which nothing is rendered would stand; None: nowhere."""
        mark = self._marks.points[len(self._said)]
        rendered = self._rendered_with({self.answers[index]: mark})
        if rendered is None or rendered.replace(mark, "") != self._text:
            raise UndecidableError
        match [found.start() for found in re.finditer(mark, rendered)]:
            case []:
                return None
            case [place]:
                return place
            case _:
                raise UndecidableError
