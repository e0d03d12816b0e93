"""The pages of ``docs``: rendered from what there is, and naming tests that there are."""

from __future__ import annotations

import re
import runpy
from typing import Final

import pytest

from docs.llms import llms_text
from tests.support import ROOT

_LINE: Final = re.compile(r"^\* \[(.+)\]\((.+)\)$", re.MULTILINE)
_TEST: Final = re.compile(r"`(?:([\w/]+\.py)(?:::(test_\w+))?|(test_\w+))`")


def test_pages_are_what_they_are_rendered_from() -> None:
    """The pages of ``docs/reference`` say what schemas, commands and diagnostics say now.

    ``make generate`` writes them anew.
    """
    pages: dict[str, str] = runpy.run_path(str(ROOT / "docs/render.py"))["pages"]()
    folder = ROOT / "docs/reference"
    written = {p.relative_to(folder).as_posix(): p.read_text("utf-8") for p in folder.rglob("*.md")}
    assert pages == written


@pytest.mark.parametrize(
    "page", ["defects.md", "defects-2.md", "exactness.md", "generator.md", "runtime.md"]
)
def test_every_test_that_a_page_names_is_there(page: str) -> None:
    """A test that is renamed or taken out is missed here; a name alone is of the file before it."""
    missing, text = [], ""
    for file, of_file, alone in _TEST.findall(
        (ROOT / "docs/explanation" / page).read_text("utf-8")
    ):
        if file:
            path = ROOT / "tests" / file
            text = path.read_text("utf-8") if path.is_file() else ""
        name = of_file or alone
        if not text or (name and f"def {name}(" not in text):
            missing.append((file, name))
    assert missing == []


def test_the_list_for_programs_is_that_of_the_site() -> None:
    """``llms.txt`` has every page of the navigation; ``make generate`` writes it."""
    assert llms_text() == (ROOT / "llms.txt").read_text("utf-8")


def test_every_decision_is_in_the_index() -> None:
    """The index of ``docs/adr`` has each decision once, by its title; numbers have no gaps."""
    folder = ROOT / "docs/adr"
    titles = {}
    for path in sorted(folder.glob("[0-9]*.md")):
        title = path.read_text("utf-8").partition("\n")[0]
        assert title.startswith(f"# {int(path.name[:4])}. "), path.name
        titles[path.name] = title.removeprefix("# ")
    assert [int(name[:4]) for name in titles] == [*range(1, len(titles) + 1)]
    listed = [(name, title) for title, name in _LINE.findall((folder / "README.md").read_text())]
    assert [*titles.items()] == sorted(listed)
