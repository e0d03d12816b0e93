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
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from jinja2 import TemplateError
from numpy.typing import NDArray

from arctic_training.data.conversation import Conversation, Message

__all__ = ["Render", "Span", "UndecidableError", "answer_spans"]

Render: TypeAlias = Callable[[Conversation], str]
"""Applies a chat template."""

_Codes: TypeAlias = NDArray[np.uint32]
_Choice: TypeAlias = NDArray[np.bool_]
_Places: TypeAlias = NDArray[np.int64]

_TAG: Final = r"<[^<>\s]{1,64}>"
_SPARED: Final = (
    re.compile(r"(?!)"),
    re.compile(r"\A\s+|\s+\Z"),
    re.compile(rf"\A\s+|\s+\Z|\s*{_TAG}\s*"),
)
"""What is not replaced, from one attempt to the next."""

_LAST_TAG: Final = re.compile(rf"({_TAG})\s*\Z")
_FIRST_TAG: Final = re.compile(rf"\s*({_TAG})")
_MARKS: Final = (
    range(0xF0000, 0xFFFFE),
    *(range(plane, 0xE0000) for plane in range(0x40000, 0xE0000, 0x10000)),
    range(0x100000, 0x10FFFE),
)
"""Code points for marks: those of private use, and those that mean nothing."""


class Span(NamedTuple):
    """Characters of a text, from ``start`` to before ``end``."""

    start: int
    end: int


class UndecidableError(ValueError):
    """A template hides which characters are the assistant's."""


def answer_spans(conversation: Conversation, text: str, render: Render) -> list[Span]:
    """Return where each of the assistant's messages stands in the rendered text, in order.

    A message that the template leaves out has no span; an empty one has an empty span. The end of
    the turn is not part of it.

    Args:
        conversation: the messages.
        text: the conversation, rendered.
        render: the template that rendered it.

    Raises:
        UndecidableError: the template does more with the answers than to trim them, to cut them
            at tags or to leave them out.

    """
    tracer = _Tracer(conversation, text, render)
    found = (tracer.span(index) for index in range(len(tracer.answers)))
    return [span for span in found if span is not None]


class _Tracer:
    """Follows the characters of all answers of a conversation, which are numbered through."""

    def __init__(self, conversation: Conversation, text: str, render: Render) -> None:
        self._conversation = conversation
        self._text = text
        self._render = render
        self.answers = [i for i, m in enumerate(conversation) if m["role"] == "assistant"]
        self._contents = [conversation[i]["content"] for i in self.answers]
        self._said = _codes("".join(self._contents))
        self._bounds = np.cumsum([0, *map(len, self._contents)]).tolist()
        self._rendered = _codes(text)
        self._base = _free_base(self._rendered, len(self._said) + 1)
        self._places = self._all_places()

    def span(self, index: int) -> Span | None:
        """Return where an answer stands."""
        first, last = self._bounds[index : index + 2]
        found = np.flatnonzero(self._places[first:last] >= 0)
        if not len(found):
            start = end = self._place_of_nothing(index)
            before = after = self._contents[index]
        else:
            start = int(self._places[first + found[0]])
            end = int(self._places[first + found[-1]]) + 1
            before = self._contents[index][: found[0]]
            after = self._contents[index][found[-1] + 1 :]
        if start is None or end is None:
            return None
        return Span(_before_tags(self._text, start, before), _behind_tags(self._text, end, after))

    def _all_places(self) -> _Places:
        """Return the offset of each character, -1 for one left out or impossible to replace."""
        for spared in _SPARED:
            replaced = self._replaceable(spared)
            places = self._trace(replaced)
            if places is not None:
                return places if replaced.all() else self._grown(replaced, places)
        raise UndecidableError

    def _replaceable(self, spared: re.Pattern[str]) -> _Choice:
        replaced = np.ones(len(self._said), dtype=np.bool_)
        for offset, content in zip(self._bounds[:-1], self._contents, strict=True):
            for match in spared.finditer(content):
                replaced[offset + match.start() : offset + match.end()] = False
        return replaced

    def _trace(self, replaced: _Choice) -> _Places | None:
        """Replace characters; return where they come out if nothing else changes."""
        marks = np.arange(len(self._said), dtype=np.uint32) + np.uint32(self._base)
        marked = _text(np.where(replaced, marks, self._said))
        contents = [marked[a:b] for a, b in zip(self._bounds[:-1], self._bounds[1:], strict=True)]
        rendered = self._rendered_with(dict(zip(self.answers, contents, strict=True)))
        if rendered is None:
            return None
        codes = _codes(rendered)
        offsets = np.flatnonzero((codes >= self._base) & (codes < self._base + len(self._said)))
        which = codes[offsets] - np.uint32(self._base)
        codes[offsets] = self._said[which]
        if not (np.array_equal(codes, self._rendered) and (which[1:] > which[:-1]).all()):
            return None
        places: _Places = np.full(len(self._said), -1, dtype=np.int64)
        places[which] = offsets
        return places

    def _rendered_with(self, contents: dict[int, str]) -> str | None:
        conversation = [
            Message(role=message["role"], content=contents.get(i, message["content"]))
            for i, message in enumerate(self._conversation)
        ]
        try:
            return self._render(conversation)
        except TemplateError:
            return None

    def _grown(self, replaced: _Choice, places: _Places) -> _Places:
        """Replace more: whole answers, then white space at their ends, as long as it holds."""
        for first, last in zip(self._bounds[:-1], self._bounds[1:], strict=True):
            for spared in _SPARED[:2]:
                more = replaced.copy()
                more[first:last] = self._replaceable(spared)[first:last]
                if (traced := self._trace(more)) is not None:
                    replaced, places = more, traced
                    break
            found = np.flatnonzero(places[first:last] >= 0) + first
            if not len(found):
                continue
            for outwards in (range(found[0] - 1, first - 1, -1), range(found[-1] + 1, last)):
                replaced, places = self._with_spaces(replaced, places, outwards)
        return places

    def _with_spaces(
        self, replaced: _Choice, places: _Places, outwards: range
    ) -> tuple[_Choice, _Places]:
        """Replace the most white space there is next to an answer: bisection."""
        spaces: list[int] = []
        for index in outwards:
            if replaced[index] or not chr(self._said[index]).isspace():
                break
            spaces.append(index)
        low, high = 0, len(spaces)
        while low < high:
            middle = (low + high + 1) // 2
            more = replaced.copy()
            more[spaces[:middle]] = True
            if (traced := self._trace(more)) is None:
                high = middle - 1
            else:
                low, replaced, places = middle, more, traced
        return replaced, places

    def _place_of_nothing(self, index: int) -> int | None:
        """Return where an answer of which nothing is rendered would stand; None: nowhere."""
        mark = chr(self._base + len(self._said))
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


def _before_tags(text: str, start: int, content: str) -> int:
    """Return the start with the tags that stand before it both in the answer and in the text."""
    for tag in _tags_before(content):
        head = text[:start].rstrip()
        if not head.endswith(tag):
            break
        start = len(head) - len(tag)
    return start


def _tags_before(content: str) -> Iterator[str]:
    while match := _LAST_TAG.search(content):
        yield match[1]
        content = content[: match.start()]


def _behind_tags(text: str, end: int, content: str) -> int:
    """Return the end with the tags that stand behind it both in the answer and in the text."""
    place = 0
    while match := _FIRST_TAG.match(content, place):
        place = match.end()
        following = re.compile(r"\s*" + re.escape(match[1])).match(text, end)
        if not following:
            break
        end = following.end()
    return end


def _free_base(codes: _Codes, number: int) -> int:
    """Return where so many code points in a row begin that the text does not have."""
    for marks in _MARKS:
        first, last = marks.start, marks.start + number
        if number <= len(marks) and not ((codes >= first) & (codes < last)).any():
            return first
    raise UndecidableError


def _codes(text: str) -> _Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).copy()


def _text(codes: _Codes) -> str:
    return codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
