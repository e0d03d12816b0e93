"""The loss of next tokens, against the formula."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from arctic_training.data.batches import IGNORE_INDEX, SFTBatch
from arctic_training.losses.language_modeling import next_token_loss
from tests.tiny import HandTrainer, hand_config, jsonl, ragged


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> HandTrainer:
    """Return a trainer with ragged batches of four samples, padded to a multiple of 64."""
    source = jsonl(tmp_path_factory.mktemp("data") / "said.jsonl", ragged(10))
    data = {"sources": source, "div_length": 64}
    return HandTrainer(hand_config(data=data, micro_batch_size=4))


def _formula(logits: NDArray[np.float64], ids: list[int], labels: list[int]) -> tuple[float, int]:
    """Return the sum of ``-log p(token | before)`` over the trained tokens, and their number."""
    total, count = 0.0, 0
    for place in range(1, len(ids)):
        if labels[place - 1] != IGNORE_INDEX:
            before = logits[place - 1]
            total += float(np.log(np.exp(before).sum()) - before[ids[place]])
            count += 1
    return total, count


def test_equals_the_formula(trainer: HandTrainer) -> None:
    """The sum equals the formula in double precision on each sample alone, without padding."""
    for batch in trainer.train_dataloader.batches(0):
        expected, counted = 0.0, 0
        for row, length in enumerate(batch["lengths"].tolist()):
            ids = batch["input_ids"][row, :length]
            with torch.no_grad():
                logits = trainer.model(input_ids=ids[None]).logits[0]
            labels = batch["shift_labels"][row, :length].tolist()
            total, count = _formula(logits.double().numpy(), ids.tolist(), labels)
            expected, counted = expected + total, counted + count
        output = next_token_loss(trainer, batch)
        assert output.sum.item() == pytest.approx(expected, rel=1e-5)
        assert float(output.count) == counted > 0


def test_losses_do_not_shift(trainer: HandTrainer) -> None:
    """A label belongs to the logits of its own place, and the count is that of the labels."""
    ids = torch.tensor([[5, 6, 7]])
    labels = torch.tensor([[IGNORE_INDEX, 3, IGNORE_INDEX]])
    batch = SFTBatch(input_ids=ids, shift_labels=labels, lengths=torch.tensor([3]))
    with torch.no_grad():
        log_p = trainer.model(input_ids=ids).logits[0, 1].double().log_softmax(-1)
    output = next_token_loss(trainer, batch)
    assert output.sum.item() == pytest.approx(-log_p[3].item(), rel=1e-5)
    assert float(output.count) == 1


def test_computed_in_fp32(trainer: HandTrainer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loss of a model in bf16 is still summed in fp32."""
    batch = next(trainer.train_dataloader.batches(0))
    expected = next_token_loss(trainer, batch).sum

    def rounded(**inputs: torch.Tensor) -> object:
        output = real(**inputs)
        output.logits = output.logits.bfloat16()
        return output

    real = trainer.model
    monkeypatch.setattr(trainer, "model", rounded)
    output = next_token_loss(trainer, batch)
    assert output.sum.dtype == torch.float32
    assert output.sum.item() == pytest.approx(expected.item(), rel=1e-2)
