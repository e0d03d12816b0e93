"""How the search of the site ranks pages: answers to questions before records of decisions."""

from __future__ import annotations

from typing import Final, Protocol

__all__ = ["on_page_markdown"]

_BOOSTS: Final = {
    "tutorial": 2.0,
    "how-to": 2.0,
    "reference": 1.0,
    "explanation": 0.5,
    "adr": 0.2,
}


class _File(Protocol):
    src_uri: str


class _Page(Protocol):
    file: _File
    meta: dict[str, object]


def on_page_markdown(markdown: str, page: _Page, **_: object) -> str:
    """Weight a page in the search by the part of the site that it belongs to."""
    boost = _BOOSTS.get(page.file.src_uri.partition("/")[0], 1.0)
    page.meta.setdefault("search", {"boost": boost})
    return markdown
