"""The pages of the documentation, taken apart: their files, fragments, commands and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.support import ROOT

__all__ = [
    "DATA_PAGE",
    "DOCS",
    "FIRST_LESSON",
    "SECOND_LESSON",
    "WRITTEN",
    "Block",
    "blocks",
    "commands",
    "commands_of",
    "inline_commands",
    "write_block",
    "written_files",
]

DOCS: Final = ROOT / "docs"

WRITTEN: Final = sorted(
    path.relative_to(DOCS).as_posix()
    for path in DOCS.rglob("*.md")
    if path.parent.name not in {"adr", "reference", "factories"}
)
"""The pages that are written by hand."""

DATA_PAGE: Final = "how-to/data-formats.md"
FIRST_LESSON: Final = "tutorial/first-model.md"
SECOND_LESSON: Final = "tutorial/custom-loss.md"

_FENCE: Final = re.compile(
    r'^```(?P<language>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$',
    re.MULTILINE | re.DOTALL,
)
_INLINE: Final = re.compile(r"`((?:arctic-gen|arctic-train) [^`]+)`")


class Block(NamedTuple):
    """A block of code: one with a title is the file of that name, one without is a fragment."""

    language: str
    title: str
    text: str


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page in order."""
    text = (DOCS / page).read_text("utf-8")
    return [Block(m["language"], m["title"] or "", m["text"]) for m in _FENCE.finditer(text)]


def commands(page: str) -> Iterator[str]:
    """Iterate over the commands that a page tells to type."""
    for block in blocks(page):
        if block.language == "sh" and not block.title:
            yield from commands_of(block)


def commands_of(block: Block) -> list[str]:
    """Return the commands of a block without their comments."""
    return [line.partition("  #")[0].rstrip() for line in block.text.splitlines()]


def inline_commands(page: str) -> list[str]:
    """Return the commands of this package that the prose of a page names."""
    prose = _FENCE.sub("", (DOCS / page).read_text("utf-8"))
    return _INLINE.findall(prose)


def written_files(page: str, folder: Path) -> None:
    """Write the files that a page shows into a folder."""
    for block in blocks(page):
        if block.title:
            write_block(block, folder)


def write_block(block: Block, folder: Path) -> None:
    """Write the file that a block shows into a folder."""
    (folder / block.title).write_text(block.text, encoding="utf-8")
