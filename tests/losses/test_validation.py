"""Losses that return what the runtime cannot use."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch

from arctic_training.core.loss_output import LossOutput, Term
from arctic_training.errors import TrainingError
from arctic_training.losses.validation import batch_key_errors, checked_output, number

_ONE = torch.tensor(1.0)
_THREE = torch.ones(3)
_WRONG: list[tuple[object, list[str]]] = [
    (None, ["expected a `LossOutput`, found None"]),
    ((_ONE, 3), ["expected a `LossOutput`, found a value of the type `tuple`"]),
    (_THREE, ["`sum`: expected a tensor of shape (), found a tensor of shape (3,)"]),
    (_ONE * 1j, ["`sum`: expected a tensor of shape (), found a tensor of complex numbers"]),
    (
        LossOutput(1.0, "3"),  # type: ignore[arg-type]  # as a user may write it
        [
            "`sum`: expected a tensor of shape (), found a value of the type `float`",
            "`count`: expected a number, found a value of the type `str`",
        ],
    ),
    (LossOutput(_ONE, _THREE), ["`count`: expected a number, found a tensor of shape (3,)"]),
    (LossOutput(_ONE, 1, None), ["`terms`: expected a dict, found None"]),  # type: ignore[arg-type]
    (
        LossOutput(_ONE, 1, {"a": 1.0, "b": Term(None, _THREE)}),  # type: ignore[dict-item, arg-type]
        [
            "term `a`: expected a `Term`, found a value of the type `float`",
            "`sum` of term `b`: expected a number, found None",
            "`count` of term `b`: expected a number, found a tensor of shape (3,)",
        ],
    ),
]


@pytest.mark.parametrize(("returned", "problems"), _WRONG)
def test_all_that_is_wrong_is_told_at_the_loss(returned: object, problems: list[str]) -> None:
    """Each part that is no number is named, after the place of the loss."""
    message = f"loss.py:3: invalid return value of the loss: {'; '.join(problems)}"
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$") as caught:
        checked_output(returned, "loss.py:3")
    assert "`losses.sum()`" in caught.value.hint


@pytest.mark.parametrize(
    ("key", "remedy"), [("labels", "do not shift"), ("shift_labels", "collator")]
)
def test_a_label_key_that_a_batch_lacks_is_explained(key: str, remedy: str) -> None:
    """A loss written for batches with `labels` learns to read `shift_labels` unshifted."""
    batch = {"input_ids": _THREE}
    with (
        pytest.raises(TrainingError, match=f"^loss.py:3: the batch has no `{key}`$") as caught,
        batch_key_errors(batch, "loss.py:3"),
    ):
        assert batch[key].any()
    assert remedy in caught.value.hint


def test_other_key_errors_are_the_loss_own() -> None:
    """A key that has nothing to do with labels, or is in the batch, passes as it was raised."""
    for key, batch in (("other", {}), ("labels", {"labels": _THREE})):
        with pytest.raises(KeyError, match=key), batch_key_errors(batch, "loss.py:3"):
            raise KeyError(key)


@pytest.mark.parametrize("count", [3, 3.0, True, np.int64(3), torch.tensor(3)])
def test_every_number_counts(count: Any) -> None:  # noqa: ANN401 - whatever a user counts with
    """Numbers of Python, NumPy and PyTorch are taken as they are; a plain scalar is a mean."""
    output = LossOutput(_ONE, count, {"a": Term(count, _ONE)})
    assert checked_output(output, "") is output
    assert checked_output(_ONE, "") == LossOutput(_ONE, 1)
    assert number(count, "mine") == float(count)


def test_a_figure_of_ones_own_is_a_number() -> None:
    """What is logged and is no number is told by its name."""
    with pytest.raises(TrainingError, match="figure `mine`: expected a number, found a tensor"):
        number(_THREE, "mine")
