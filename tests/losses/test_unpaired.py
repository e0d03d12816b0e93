"""What losses of single answers share."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from arctic_training.data.batches import IGNORE_INDEX
from arctic_training.losses.unpaired import mismatched_answers
from tests.bigrams import pair_batch

_sides = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=5)


@given(_sides, st.integers(0, 2))
def test_prompts_meet_the_next_answer(sides: list[tuple[int, int]], padding: int) -> None:
    """Each prompt stands before the next row's answer, cut at the length of the batch's rows."""
    batch = pair_batch(sides, padding=padding, seed=3)
    length = batch["input_ids"].shape[1]
    rows = [row.tolist() for row in batch["input_ids"]]
    mismatched = mismatched_answers(batch)
    for number, (prompt, _) in enumerate(sides):
        following = (number + 1) % len(sides)
        start, answer = sides[following]
        said = rows[following][start : start + answer]
        ids = [*rows[number][:prompt], *said][:length]
        labels = [*[IGNORE_INDEX] * prompt, *said][1:length]
        assert ids == mismatched["input_ids"][number, : len(ids)].tolist()
        rest = [IGNORE_INDEX] * (length - len(labels))
        assert [*labels, *rest] == mismatched["shift_labels"][number].tolist()
        assert len(ids) == mismatched["lengths"][number]


def test_one_row_stays_as_it_is() -> None:
    """There is no other answer for it."""
    batch = pair_batch([(2, 3)], padding=1, seed=3)
    mismatched = mismatched_answers(batch)
    torch.testing.assert_close(mismatched["shift_labels"], batch["shift_labels"])
