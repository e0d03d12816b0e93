"""What micro-batches add up to."""

from __future__ import annotations

import inspect
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from arctic_trainers.sft import SFTTrainer
from arctic_training.core.loss_output import LossOutput, Term
from arctic_training.core.mesh import Mesh
from arctic_training.core.totals import GlobalBatch
from arctic_training.engines.deepspeed.process_group import start_process_group
from arctic_training.errors import TrainingError
from arctic_training.losses.language_modeling import next_token_loss
from arctic_training.trainer.loss_location import loss_place
from tests.tiny import HandTrainer

_rows = st.tuples(st.floats(-50, 50), st.integers(1, 9), st.floats(-50, 50), st.integers(0, 9))


@pytest.fixture(autouse=True, scope="module")
def _process_group() -> None:
    start_process_group(Mesh())


@given(st.lists(_rows, min_size=1, max_size=5))
def test_terms_are_reduced(rows: list[tuple[float, int, float, int]]) -> None:
    """The loss and each `mean` is a sum over a count of the whole batch; a `sum` is a sum."""
    batch = GlobalBatch({"average": "mean", "total": "sum"}, Mesh())
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
    batch = GlobalBatch({}, Mesh())
    for expected in (3.0, 5.0):
        batch.add(LossOutput.of(torch.tensor(expected)), tokens=1)
        assert (batch.close().loss) == expected
    with pytest.raises(TrainingError, match="without a micro-batch"):
        batch.close()


def test_a_mistyped_term_is_told_with_its_metric_and_the_place_of_the_loss() -> None:
    """The user's function comes first, what was probably meant last."""
    batch = GlobalBatch({"accuracy": "mean"}, Mesh(), loss_place(SFTTrainer.loss))
    terms = {"acuracy": Term(1.0, 1)}
    with pytest.raises(TrainingError) as caught:
        batch.add(LossOutput(torch.tensor(1.0), 1, terms), tokens=1)
    line = next_token_loss.__code__.co_firstlineno
    expected = f"arctic_training/losses/language_modeling.py:{line}: the terms of the loss are not"
    assert expected in caught.value.message
    assert caught.value.hint.startswith("did you mean `accuracy` by `acuracy`? ")


@pytest.mark.parametrize("loss", [HandTrainer.loss, 3])
def test_the_place_of_a_loss_that_is_written_by_hand(loss: object) -> None:
    """A method of the user's own is its place; what is no function has none."""
    line = inspect.unwrap(HandTrainer.loss).__code__.co_firstlineno
    assert loss_place(loss).endswith(f"tests/tiny.py:{line}" if callable(loss) else "")
    assert callable(loss) == bool(loss_place(loss))


def test_terms_are_the_metrics() -> None:
    """Terms that are not the declared metrics are named, each as too few or too many."""
    batch = GlobalBatch({"accuracy": "mean", "margin": "mean"}, Mesh())
    terms = {"margin": Term(1.0, 1), "reward": Term(1.0, 1)}
    with pytest.raises(TrainingError) as caught:
        batch.add(LossOutput(torch.tensor(1.0), 1, terms), tokens=1)
    expected = "the definition: it returns no `accuracy`; it also returns `reward`"
    assert caught.value.message.endswith(expected)
    assert "`arctic-gen lint`" in str(caught.value.hint)
