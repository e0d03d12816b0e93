"""Training on packed rows is training on their samples."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import PreTrainedModel

from arctic_training.data.batches import IGNORE_INDEX
from arctic_training.data.factories.sft import SFTDataFactory
from arctic_training.data.loading.collate import RowCollator
from arctic_training.data.store.samples import Rows
from arctic_training.errors import RecipeError
from arctic_training.losses.language_modeling import next_token_loss
from arctic_training.model.document_isolation import check_isolation
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged


def _trainer(folder: Path, **changes: object) -> HandTrainer:
    """Return a trainer whose twelve samples have 17 to 130 tokens."""
    source = jsonl(folder / "said.jsonl", ragged(12))
    data = {"sources": source, "max_length": 200, **changes.pop("data", {})}  # type: ignore[dict-item]
    model = {"disable_activation_checkpoint": True, **changes.pop("model", {})}  # type: ignore[dict-item]
    return HandTrainer(hand_config(data=data, model=model, epochs=1, **changes))


def _rows(trainer: HandTrainer, **changes: object) -> Rows:
    config = trainer.config.data.model_copy(update=changes)
    factory = SFTDataFactory(trainer, config)
    return factory.rows(factory.prepare())


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("checkpointed", [False, True])
@pytest.mark.parametrize("answers_alone", [True, False])
def test_packed_loss_is_unpacked_loss(
    attention: str,
    checkpointed: bool,  # noqa: FBT001 - a row of the table
    answers_alone: bool,  # noqa: FBT001 - a row of the table
    tmp_path: Path,
) -> None:
    """The loss and its gradient are the same for rows of one document and many, 1 and 4 a batch.

    So it is where answers alone are trained, as `sft` does, and where every token is, as `causal`
    does, with the same loss.
    """
    changed = {"attn_implementation": attention, "disable_activation_checkpoint": not checkpointed}
    trainer = _trainer(tmp_path, model=changed)
    trainer.progress = Recorder()
    expected: tuple[float, list[torch.Tensor]] | None = None
    for pack, length, size in (
        *[(False, 200, 1), (False, 200, 4), (True, 130, 1), (True, 200, 4)],
        *[(True, 2000, 1), (True, 2000, 4)],
    ):
        rows = _rows(trainer, pack_samples=pack, max_length=length, mask_inputs=answers_alone)
        if pack:
            assert max(len(row) for row in rows) > 1
        actual = _loss(trainer, rows, size)
        expected = expected or actual
        assert actual[0] == pytest.approx(expected[0], abs=1e-6)
        for mine, theirs in zip(actual[1], expected[1], strict=True):
            torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-6)


def _loss(trainer: HandTrainer, rows: Rows, size: int) -> tuple[float, list[torch.Tensor]]:
    """Return the mean loss over all rows, so many a batch, and its gradients, in training mode."""
    trainer.model = model = trainer.engine.unwrapped
    model.train()
    model.zero_grad()
    collate = RowCollator(pad_token_id=0, multiple=8, packs=True)
    total, count = 0.0, 0
    for start in range(0, len(rows), size):
        output = next_token_loss(trainer, collate(rows[start : start + size]))
        torch.autograd.backward(output.sum)
        total, count = total + output.sum.item(), count + int(output.count)
    gradients = [p.grad / count for p in model.parameters() if p.grad is not None]
    assert gradients
    return total / count, gradients


def test_a_step_is_the_same(tmp_path: Path) -> None:
    """One optimizer step over all samples is the same, packed and unpacked, to 1e-6."""
    weights = []
    for packed, size in ((False, 12), (True, 1), (True, 3)):
        trainer = _trainer(
            tmp_path,
            data={"pack_samples": packed},
            optimizer={"type": "sgd", "learning_rate": 0.1},
            micro_batch_size=size,
            gradient_accumulation_steps=12,
        )
        trainer.train()
        assert trainer.state.global_step == 1
        weights.append([p.detach().clone() for p in trainer.engine.unwrapped.parameters()])
    for other in weights[1:]:
        for mine, theirs in zip(weights[0], other, strict=True):
            torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-6)


def test_batches_of_packed_rows(tmp_path: Path) -> None:
    """Positions restart with each document; the label after its last token is ignored."""
    trainer = _trainer(tmp_path, data={"pack_samples": True}, micro_batch_size=3)
    seen = 0
    for batch in trainer.train_dataloader.batches(0):
        for ids, labels, positions, length in zip(
            batch["input_ids"],
            batch["shift_labels"],
            batch["position_ids"],
            batch["lengths"].tolist(),
            strict=True,
        ):
            starts = (positions == 0).nonzero().flatten().tolist()
            assert starts[0] == 0
            assert starts[-1] < length <= 200
            ends = [*(start - 1 for start in starts[1:]), length - 1]
            assert labels[ends].tolist() == [IGNORE_INDEX] * len(starts)
            has_loss = labels != IGNORE_INDEX
            assert has_loss.any()
            assert labels[has_loss].tolist() == ids[1:][has_loss[:-1]].tolist()
            assert ids[starts].tolist() == [
                trainer.tokenizer.convert_tokens_to_ids("<|im_start|>")
            ] * len(starts)
            steps = positions.diff()
            assert (steps[steps != 1] < 0).all()
            seen += len(starts)
    assert seen == 12


class _Mixing(nn.Module):
    """A model that pays no heed to positions."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, position_ids: torch.Tensor, **inputs: object) -> object:
        assert position_ids is not None
        return self.model(**inputs)


def test_models_that_mix_documents_are_refused(tmp_path: Path) -> None:
    """A model in which a document sees the one before it is refused, at `pack_samples`."""
    model = _trainer(tmp_path).engine.unwrapped
    assert isinstance(model, PreTrainedModel)
    model.train()
    check_isolation(model, 1)
    assert model.training
    with pytest.raises(RecipeError, match="mixes the documents") as caught:
        check_isolation(_Mixing(model), 1)
    assert caught.value.pointer == ("data", "pack_samples")


class _MixingSeveral(_Mixing):
    """A model that keeps documents apart in one row only, as flash attention does."""

    def forward(self, position_ids: torch.Tensor, **inputs: object) -> object:
        if len(position_ids) == 1:
            return self.model(position_ids=position_ids, **inputs)
        return super().forward(position_ids, **inputs)


def test_as_many_rows_are_probed_as_a_batch_has(tmp_path: Path) -> None:
    """A model that keeps documents apart in one row and not in several is refused with several."""
    model = _trainer(tmp_path).engine.unwrapped
    assert isinstance(model, PreTrainedModel)
    mixing = _MixingSeveral(model)
    check_isolation(mixing, 1)
    for _ in range(2):
        with pytest.raises(RecipeError, match="mixes the documents"):
            check_isolation(mixing, 4)


def test_packing_with_flash_attention(tmp_path: Path) -> None:
    """Flash attention takes packed rows one at a time; more are refused before anything is done."""
    trainer = _trainer(tmp_path)

    def problems(size: int) -> list[tuple[str | int, ...]]:
        trainer.config = hand_config(
            data={"pack_samples": True},
            model={"attn_implementation": "flash_attention_2"},
            micro_batch_size=size,
        )
        return [p.pointer for p in SFTDataFactory(trainer, trainer.config.data).problems()]

    assert problems(1) == []
    assert problems(2) == [("data", "pack_samples")]


@pytest.mark.parametrize(
    ("how", "samples", "lost"), [("drop", 6, True), ("truncate", 12, True), ("split", 18, False)]
)
def test_over_length(how: str, samples: int, lost: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a row of the table
    """What becomes of long samples is what the recipe says, and is reported."""
    trainer = _trainer(tmp_path)
    trainer.progress = recorder = Recorder()
    rows = _rows(trainer, max_length=60, over_length=how)
    assert len(rows) == samples
    assert any("longer than 60 tokens" in note for note in recorder.notes) == lost


@pytest.mark.parametrize("pad_to", ["div_length", "max_length"])
def test_padding(pad_to: str, tmp_path: Path) -> None:
    """Batches are padded to a multiple of a length, or all of them to the longest allowed."""
    multiple = {"div_length": 16} if pad_to == "div_length" else {}
    trainer = _trainer(tmp_path, data={"pad_to": pad_to, **multiple}, micro_batch_size=5)
    batches = [*trainer.train_dataloader.batches(0)]
    longest = [-(-int(batch["lengths"].max()) // 16) * 16 for batch in batches]
    expected = longest if pad_to == "div_length" else [200] * len(batches)
    assert [batch["input_ids"].shape[1] for batch in batches] == expected


def test_grouping_by_length(tmp_path: Path) -> None:
    """Batches of samples of like length have less padding and the same samples."""
    plain, grouped = (
        [*_trainer(tmp_path, data=data, micro_batch_size=3).train_dataloader.batches(0)]
        for data in ({"div_length": 1}, {"div_length": 1, "group_by_length": True})
    )
    sizes = [sum(batch["input_ids"].numel() for batch in each) for each in (plain, grouped)]
    lengths = [torch.cat([batch["lengths"] for batch in each]) for each in (plain, grouped)]
    assert sizes[1] < sizes[0]
    assert sorted(lengths[0].tolist()) == sorted(lengths[1].tolist())


def test_rows_of_many_samples_are_not_grouped(tmp_path: Path) -> None:
    """Packed rows are about as long anyway: to group them as well is refused."""
    trainer = _trainer(tmp_path)
    trainer.config = hand_config(data={"pack_samples": True, "group_by_length": True})
    problems = SFTDataFactory(trainer, trainer.config.data).problems()
    assert [problem.pointer for problem in problems] == [("data", "group_by_length")]
