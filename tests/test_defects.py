"""The table of the reference's defects: each has its row."""

from __future__ import annotations

import re
from typing import Final

from tests.support import ROOT

_TABLE: Final = "".join(
    (ROOT / "docs/explanation" / page).read_text("utf-8") for page in ("defects.md", "defects-2.md")
)
_ROW: Final = re.compile(r"^\| D-(\d+) \| (.+) \| (.+) \|$", re.MULTILINE)
_TEST: Final = re.compile(r"`(\S+\.py)::(test_\w+)`")


def test_every_defect_has_a_row() -> None:
    """D-01 to D-110 stand in order, each with a test or with the reason why there is none."""
    rows = _ROW.findall(_TABLE)
    assert [int(number) for number, _, _ in rows] == [*range(1, 111)]
    unanswered = [n for n, _, here in rows if not _TEST.match(here) and "not apply" not in here]
    assert unanswered == []
