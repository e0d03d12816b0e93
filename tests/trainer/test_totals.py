"""What micro-batches add up to."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from arctic_training.errors import TrainingError
from arctic_training.launcher.world import World
from arctic_training.losses.output import LossOutput, Term
from arctic_training.trainer.process import start_process_group
from arctic_training.trainer.totals import GlobalBatch

_rows = st.tuples(st.floats(-50, 50), st.integers(1, 9), st.floats(-50, 50), st.integers(0, 9))


@pytest.fixture(autouse=True, scope="module")
def _process_group() -> None:
    start_process_group(World())


@given(st.lists(_rows, min_size=1, max_size=5))
def test_terms_are_reduced(rows: list[tuple[float, int, float, int]]) -> None:
    """The loss and each `mean` is a sum over a count of the whole batch; a `sum` is a sum."""
    batch = GlobalBatch({"average": "mean", "total": "sum"})
    for loss, count, term, number in rows:
        terms = {"average": Term(torch.tensor(term), number), "total": Term(term, number)}
        batch.add(LossOutput(torch.tensor(loss), torch.tensor(count), terms), tokens=2)
    totals = batch.close()
    losses, counts, terms_, numbers = zip(*rows, strict=True)
    assert totals.count == sum(counts)
    assert totals.tokens == 2 * len(rows)
    assert totals.loss == pytest.approx(sum(losses) / sum(counts), abs=1e-4)
    assert totals.terms["total"] == pytest.approx(sum(terms_), abs=1e-4)
    if sum(numbers):
        mean = sum(terms_) / sum(numbers)
        assert totals.terms["average"] == pytest.approx(mean, abs=1e-4)
    else:
        assert math.isnan(totals.terms["average"])


def test_each_global_batch_begins_anew() -> None:
    """Nothing is carried from one step to the next; a plain scalar counts as one thing."""
    batch = GlobalBatch({})
    for expected in (3.0, 5.0):
        batch.add(LossOutput.of(torch.tensor(expected)), tokens=1)
        assert (batch.close().loss) == expected
    with pytest.raises(TrainingError, match="without a micro-batch"):
        batch.close()


def test_terms_are_the_metrics() -> None:
    """Terms that are not the declared metrics are named, each as too few or too many."""
    batch = GlobalBatch({"accuracy": "mean", "margin": "mean"})
    terms = {"margin": Term(1.0, 1), "reward": Term(1.0, 1)}
    with pytest.raises(TrainingError) as caught:
        batch.add(LossOutput(torch.tensor(1.0), 1, terms), tokens=1)
    expected = "the definition: it returns no `accuracy`; it also returns `reward`"
    assert caught.value.message.endswith(expected)
    assert "`arctic-gen lint`" in str(caught.value.hint)
