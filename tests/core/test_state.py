"""Counting: batches, steps and epochs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arctic_training.core.state import Schedule, TrainingState
from arctic_training.errors import RecipeError

schedules = st.builds(
    Schedule,
    batches_per_epoch=st.integers(1, 40),
    gradient_accumulation_steps=st.integers(1, 12),
    epochs=st.integers(0, 4),
    train_iters=st.integers(0, 60),
    min_iterations=st.integers(0, 20),
)


@given(schedules)
def test_steps_add_up_to_the_horizon(schedule: Schedule) -> None:
    """The epochs have as many steps as the horizon says."""
    batches = range(1, schedule.batches_per_epoch + 1)
    ends = [batch for batch in batches if schedule.ends_step(batch)]
    groups = [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
    assert sum(groups) == schedule.batches_per_epoch
    assert {*groups[:-1]} <= {schedule.gradient_accumulation_steps}
    assert groups[-1] <= schedule.gradient_accumulation_steps

    horizon = schedule.train_iters or max(schedule.epochs * len(ends), schedule.min_iterations)
    assert schedule.training_horizon == horizon
    epochs = [epoch for epoch in range(70) if schedule.has_epoch(epoch)]
    assert len(epochs) * len(ends) >= horizon
    by_epochs = schedule.epochs * len(ends)
    by_steps = schedule.train_iters or schedule.min_iterations > by_epochs
    assert len(epochs) == (70 if by_steps else schedule.epochs)


@pytest.mark.parametrize(
    ("batches", "epochs", "pointer"), [(0, 1, ("data", "sources")), (5, 0, ("epochs",))]
)
def test_runs_without_a_step_are_refused(
    batches: int, epochs: int, pointer: tuple[str, ...]
) -> None:
    """A run that would train nothing is refused, at the value that says so."""
    schedule = Schedule(
        batches_per_epoch=batches, gradient_accumulation_steps=2, epochs=epochs, train_iters=0
    )
    with pytest.raises(RecipeError) as caught:
        schedule.checked()
    assert caught.value.pointer == pointer


@given(st.builds(TrainingState, *[st.integers(0, 1000)] * 7))
def test_state_comes_back(state: TrainingState) -> None:
    """What is saved of a state restores it."""
    assert TrainingState().restore(state.as_dict()) == state
