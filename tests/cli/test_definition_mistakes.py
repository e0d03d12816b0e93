"""Mistakes that people make in definitions: the place, and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import DEFINITION, arctic_gen, write

_FIELDS = "config_type:\n  properties:\n    "


@pytest.mark.parametrize(
    ("line", "place", "advice"),
    [
        (f"{_FIELDS}a: {{type: float, description: x}}", "3:15", "did you mean `number`?"),
        (f"{_FIELDS}a: {{type: int, description: x}}", "3:15", "did you mean `integer`?"),
        (f"{_FIELDS}a: {{type: dict, description: x}}", "3:15", "did you mean `object`?"),
        (f"{_FIELDS}a: number", "3:8", "write `{type: number}`"),
        (f"{_FIELDS}a: str", "3:8", "write `{type: string}`"),
        ("metrics: {accuracy: average}", "1:21", "did you mean `mean`?"),
        ("optimizer_factory_type: adamw", "1:25", "write `fused_adam`, which is AdamW"),
    ],
)
def test_words_of_other_tools_are_understood(
    tmp_path: Path, line: str, place: str, advice: str
) -> None:
    """Types of Python and names of other tools are answered with ours; one error each."""
    key = line.partition(":")[0]
    rest = [each for each in _sections(DEFINITION) if each.partition(":")[0] != key]
    write(tmp_path / "d.yaml", line + "\n" + "".join(rest))
    result = arctic_gen("validate", "d.yaml", folder=tmp_path)
    assert f"d.yaml:{place}: error" in result.out, result.out
    assert advice in result.out
    assert result.out.count("error[") == 1


def _sections(text: str) -> list[str]:
    """Return the keys at the top of a text with what is indented below each."""
    sections: list[str] = []
    for line in text.splitlines(keepends=True):
        if line.startswith((" ", "-")):
            sections[-1] += line
        else:
            sections.append(line)
    return sections
