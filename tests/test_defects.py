"""The table of the reference's defects: whole, and each test that it names is there."""

from __future__ import annotations

import re
from typing import Final

from tests.support import ROOT

_TABLE: Final = (ROOT / "docs" / "defects.md").read_text(encoding="utf-8")
_ROW: Final = re.compile(r"^\| D-(\d+) \| (.+) \| (.+) \|$", re.MULTILINE)
_TEST: Final = re.compile(r"`(\S+\.py)::(test_\w+)`")


def test_every_defect_has_a_row() -> None:
    """D-01 to D-110 stand in order, each with a test or with the reason why there is none."""
    rows = _ROW.findall(_TABLE)
    assert [int(number) for number, _, _ in rows] == [*range(1, 111)]
    unanswered = [n for n, _, here in rows if not _TEST.match(here) and "not apply" not in here]
    assert unanswered == []


def test_every_test_is_there() -> None:
    """A test that is renamed or taken out is missed here."""
    missing = [
        f"{file}::{name}"
        for file, name in _TEST.findall(_TABLE)
        if not (ROOT / "tests" / file).is_file()
        or f"def {name}(" not in (ROOT / "tests" / file).read_text(encoding="utf-8")
    ]
    assert missing == []
