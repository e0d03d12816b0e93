"""The reference pages."""

from __future__ import annotations

import runpy

from tests.support import ROOT


def test_pages_are_what_they_are_rendered_from() -> None:
    """The pages of ``docs/reference`` say what schemas, commands and diagnostics say now.

    ``make generate`` writes them anew.
    """
    pages: dict[str, str] = runpy.run_path(str(ROOT / "docs/render.py"))["pages"]()
    folder = ROOT / "docs/reference"
    assert pages == {path.name: path.read_text("utf-8") for path in folder.iterdir()}
