"""Reasoning tags such as `</think>` at the ends of a message, where templates cut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["TAG", "before_tags", "behind_tags"]

TAG: Final = r"<[^<>\s]{1,64}>"
"""Pattern of a tag."""

_LAST_TAG: Final = re.compile(rf"({TAG})\s*\Z")
_FIRST_TAG: Final = re.compile(rf"\s*({TAG})")


def before_tags(text: str, start: int, content: str) -> int:
    """Return the start with the tags before it, both in the message and in the text."""
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


def behind_tags(text: str, end: int, content: str) -> int:
    """Return the end with the tags behind it, both in the message and in the text."""
    place = 0
    while match := _FIRST_TAG.match(content, place):
        place = match.end()
        following = re.compile(r"\s*" + re.escape(match[1])).match(text, end)
        if not following:
            break
        end = following.end()
    return end
