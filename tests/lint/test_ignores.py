"""Comments that take findings back."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctic_training.diagnostics import Source
from arctic_training.document import comments
from tests.support import arctic_gen, write

_HEAD = """\
# yaml-language-server: $schema=generated/trainer.schema.json
schema_version: 1
name: mine
description: A trainer.
extends: sft
loss: mine_loss:mine_loss
config_type:
  properties:
"""
_FIELD = "    dropout: {type: number, default: 0}"
_BOTH = ["missing-description", "share-without-range"]


def _lint(folder: Path, fields: str, *flags: str) -> list[str]:
    """Return what is found, each as `line code`."""
    write(folder / "mine.yaml", _HEAD + fields)
    done = arctic_gen("lint", *flags, folder=folder)
    assert done.err in {"", "fixed mine.yaml\n"}
    lines = [line for line in done.out.splitlines() if line.startswith("mine.yaml:")]
    return [f"{line.split(':')[1]} {line.split('[')[1].split(']')[0]}" for line in lines]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (_FIELD, [f"9 {code}" for code in _BOTH]),
        (f"{_FIELD}  # arctic: ignore[missing-description] a reason", ["9 share-without-range"]),
        (f"{_FIELD}  # arctic: ignore[missing-description, share-without-range]: a reason", []),
        (f"{_FIELD}  #arctic:ignore[missing-description,share-without-range] -- a reason", []),
        (f"    # arctic: ignore[{','.join(_BOTH)}] a reason\n    # more of it\n{_FIELD}", []),
        (f"{_FIELD}\n    # arctic: ignore[missing-description] a reason",
         ["10 unused-ignore", "9 missing-description", "9 share-without-range"]),
        (f"{_FIELD}  # arctic: ignore[missing-description]",
         ["9 share-without-range", "9 unexplained-ignore"]),
        (f"{_FIELD}  # arctic: ignore all of it",
         ["9 missing-description", "9 share-without-range", "9 unknown-ignore"]),
        (f"{_FIELD}  # arctic: ignore[missing-descriptoin] a reason",
         ["9 missing-description", "9 share-without-range", "9 unknown-ignore"]),
        (f"{_FIELD}  # arctic: ignore[unread-field,{','.join(_BOTH)}] a reason",
         ["9 unused-ignore"]),
        ("    a: {const: ' # arctic: ignore[unread-field] x', description: A text.}", []),
    ],
)  # fmt: skip
def test_an_ignore_takes_back_what_it_names(
    fields: str, expected: list[str], tmp_path: Path
) -> None:
    """It holds for its line or the next, for its rules, with a reason; any other is a finding."""
    assert sorted(_lint(tmp_path, fields)) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{_FIELD}  # arctic: ignore[unread-field] a reason\n", f"{_FIELD}\n"),
        (f"    # arctic: ignore[unread-field] a reason\n{_FIELD}\n", f"{_FIELD}\n"),
        (f"{_FIELD}  # arctic: ignore[unread-field, missing-description] a reason\n",
         f"{_FIELD}  # arctic: ignore[missing-description] a reason\n"),
        (f"{_FIELD}  # arctic: ignore[unread-field, mean-as-sum] a reason", _FIELD),
        (f"{_FIELD}\r\n# arctic: ignore[unread-field] a reason\r\n", f"{_FIELD}\r\n"),
    ],
)  # fmt: skip
def test_fix_takes_out_what_is_not_used(before: str, after: str, tmp_path: Path) -> None:
    """A rule that is not needed goes, and with the last one the comment; nothing else changes."""
    (tmp_path / "mine.yaml").write_bytes((_HEAD + before).encode())
    arctic_gen("lint", "--fix", folder=tmp_path)
    assert (tmp_path / "mine.yaml").read_bytes() == (_HEAD + after).encode()


def test_an_ignore_may_stand_in_the_loss(tmp_path: Path) -> None:
    """What is found in the user's code is taken back there, and an unused one is found there."""
    write(
        tmp_path / "mine_loss.py",
        "from arctic_training.core.loss_output import LossOutput\n\n\n"
        "def mine_loss(trainer, batch):  # arctic: ignore[mean-as-sum] no mean is here\n"
        "    text = '# arctic: ignore[mean-as-sum] no comment'\n"
        "    # arctic: ignore[mean-as-sum] one sample at a time\n"
        "    return LossOutput(batch['x'].mean(), 1)\n",
    )
    write(tmp_path / "mine.yaml", _HEAD.partition("config_type")[0])
    done = arctic_gen("lint", folder=tmp_path)
    assert done.out.startswith("mine_loss.py:4:50: error[unused-ignore]: ")
    assert done.out.count("error[") == 1


def test_comments_are_told_from_texts() -> None:
    """A `#` begins a comment at the start of a line or after a blank, outside of every text."""
    text = """\
# one
a: 1  # two # x
b: "x # no"\t# three
c: |
  text # no
  # no
d: x#no
e: 'a
   # no
  b' # four
g: {a: b # five
  , c: d}
h: &x # six
"""
    source = Source("a.yaml", text)
    found = [source.lines[span.line - 1][span.column - 1 :] for span in comments(source)]
    assert found == ["# one", "# two # x", "# three", "# four", "# five", "# six"]
