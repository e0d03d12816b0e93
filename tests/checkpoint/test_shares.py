"""What another number of processes has to change to take the same steps."""

from __future__ import annotations

import pytest

from arctic_training.checkpoint.shares import share_problem


@pytest.mark.parametrize(
    ("saved", "now", "hint"),
    [
        ((4, 2), (8, 1), None),
        ((8, 1), (4, 2), None),
        ((4, 2), (4, 1), "set it to 8"),
        ((3, 2), (3, 3), "set it to 2"),
        ((5, 1), (5, 2), "5 cannot be shared out among 2 processes: take another number"),
    ],
)
def test_steps_have_as_many_micro_batches(
    saved: tuple[int, int], now: tuple[int, int], hint: str | None
) -> None:
    """A step has the micro-batches that it had, over all processes, or the hint says how it has."""
    problem = share_problem(*saved, *now)
    assert (problem.hint if problem else None) == hint
