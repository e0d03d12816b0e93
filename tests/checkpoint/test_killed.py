"""A run that is killed and goes on is the run that was not killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import python

_TABLE = [
    f"{stage}-{processes}-{step}"
    for processes in (1, 2)
    for stage in range(4)
    for step in range(1, 11)
]


def test_killed_runs_go_on(tmp_path: Path) -> None:
    """SIGKILL before or within a save: losses, rates, batches and weights are bit for bit the same.

    A sample of the table of ZeRO stages, one and two processes, and steps; the loss draws random
    numbers.
    """
    _check(["2-1-8", "1-2-3"], tmp_path)


@pytest.mark.full
@pytest.mark.timeout(3000)
def test_killed_runs_go_on_everywhere(tmp_path: Path) -> None:
    """The same, for the whole table."""
    _check(_TABLE, tmp_path)


def _check(cases: list[str], folder: Path) -> None:
    code, _, differing = python("-m", "tests.checkpoint.killed", folder, *cases)
    assert (code, differing) == (0, "")
