"""A process that was in a group ends as it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import python

_ABORTS = """\
import atexit, builtins, os, sys, torch
from arctic_training.launcher.process_exit import ended_whole

class Aborts:  # in place of a thread of gloo that holds a tensor when the interpreter is gone
    def __del__(self, abort=os.abort):
        abort()

with ended_whole():
    builtins.kept = Aborts()
    atexit.register(print, "said by an exit handler")
    print("said")
    {end}
"""


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("pass", 0),
        ("sys.exit()", 0),
        ("sys.exit(3)", 3),
        ("sys.exit('a reason')", 1),
        ("1 / 0", 1),
    ],
)
def test_python_is_not_taken_apart(end: str, code: int, tmp_path: Path) -> None:
    """What lives as long as Python ends no process by a signal; all is said, handlers run."""
    ended, out, err = python("-c", _ABORTS.format(end=end), folder=tmp_path)
    assert (ended, out) == (code, "said\nsaid by an exit handler\n")
    assert ("a reason" in err) is ("reason" in end)
    assert ("ZeroDivisionError" in err) is ("/" in end)


def test_training_processes_end_so(tmp_path: Path) -> None:
    """The commands end so too: what aborts when Python is gone does not reach their exit code."""
    script = (
        "import builtins, os, torch\n"
        "from arctic_training.cli.train import main\n"
        "class Aborts:\n"
        "    def __del__(self, abort=os.abort):\n"
        "        abort()\n"
        "builtins.kept = Aborts()\n"
        "main()\n"
    )
    code, out, err = python("-c", script, "missing.yaml", folder=tmp_path)
    assert (code, out) == (2, "")
    assert "missing.yaml" in err
