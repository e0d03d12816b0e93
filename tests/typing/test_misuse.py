"""What mypy refuses, without a plugin and with the settings that users get."""

from __future__ import annotations

import re
from pathlib import Path

from arctic_training.codegen.mypy_runner import type_problems
from tests.support import ROOT, write

MISUSE = Path(__file__).with_name("misuse.txt")


def test_each_misuse_is_an_error_on_its_line(tmp_path: Path) -> None:
    """Every line marked `expect: code` has that error, and no other line has any."""
    text = MISUSE.read_text(encoding="utf-8")
    expected = {
        (number, code)
        for number, line in enumerate(text.splitlines(), 1)
        for code in re.findall(r"# expect: ([a-z-]+)", line)
    }
    file = write(tmp_path / "misuse.py", text)
    problems = type_problems([file], (ROOT / "generated", ROOT))
    found = {(problem.line, problem.message.rpartition("[")[2].rstrip("]")) for problem in problems}
    assert found == expected
