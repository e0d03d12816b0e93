"""What another number of processes has to change to take the same steps."""

from __future__ import annotations

import pytest

from arctic_training.checkpoint.world_size_change import share_problem


@pytest.mark.parametrize(
    ("saved", "now", "hint"),
    [
        ((4, 2), (8, 1), None),
        ((8, 1), (4, 2), None),
        ((4, 2), (4, 1), "set it to 8"),
        ((3, 2), (3, 3), "set it to 2"),
        ((5, 1), (5, 2), "5 cannot be divided by 2 processes: use another number"),
    ],
)
def test_steps_have_as_many_micro_batches(
    saved: tuple[int, int], now: tuple[int, int], hint: str | None
) -> None:
    """A step has the micro-batches that it had, over all processes, or the hint says how it has."""
    problem = share_problem(*saved, *now)
    assert (problem.hint if problem else None) == hint


@pytest.mark.parametrize(
    ("saved", "now", "said"),
    [
        ((1, 1), (2, 2), "1 process of 1 micro-batch a step saved the run, here it has 2 of 2"),
        ((3, 2), (1, 1), "2 processes of 3 micro-batches a step saved the run, here it has 1 of 1"),
    ],
)
def test_both_ways_are_named(saved: tuple[int, int], now: tuple[int, int], said: str) -> None:
    """The message has both numbers, of then and of now, each as it is spoken."""
    problem = share_problem(*saved, *now)
    assert problem
    assert problem.message == said
