"""Single answers, each with its label."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerBase

from arctic_trainers.dpo import DPOTrainer
from arctic_training.config.preference import (
    HFPreferenceSourceConfig,
    HFUnpairedSourceConfig,
    UnpairedDataConfig,
)
from arctic_training.data.batches import IGNORE_INDEX, UnpairedBatch
from arctic_training.data.factories.unpaired import UnpairedDataFactory
from arctic_training.errors import RecipeError
from tests.preferences import dpo_config, pairs
from tests.support import write
from tests.tiny import Recorder

_ROWS = [
    {"prompt": "a", "completion": "fine", "label": True},
    {"prompt": "b", "completion": "no " * 9, "label": False},
    {"prompt": "b", "completion": "worse", "label": 0},
    {"prompt": "c", "completion": "so long " * 300, "label": 1},
    {"prompt": "d", "completion": "good", "label": 1},
]


@pytest.fixture(scope="module")
def trainer() -> DPOTrainer:
    """Return a trainer whose parts the tests use."""
    return DPOTrainer(dpo_config(micro_batch_size=3))


def _factory(
    trainer: DPOTrainer, path: Path, rows: list[dict[str, object]], **changes: object
) -> UnpairedDataFactory:
    write(path, "".join(json.dumps(row) + "\n" for row in rows))
    of_pairs = "chosen" in rows[0]
    source = (HFPreferenceSourceConfig if of_pairs else HFUnpairedSourceConfig)(
        name_or_path=str(path)
    )
    trainer.progress = Recorder()
    config = UnpairedDataConfig(
        sources=(source,), max_length=128, div_length=8, cache_dir=path.parent / "cache"
    )
    return UnpairedDataFactory(trainer, config.model_copy(update=changes))


def _answers(
    tokenizer: PreTrainedTokenizerBase, batches: list[UnpairedBatch]
) -> list[tuple[str, bool]]:
    """Return the trained text of each row, with its label, sorted."""
    found = []
    for batch in batches:
        assert len(batch["is_good"]) == len(batch["shift_labels"]) == len(batch["lengths"])
        for labels, is_good in zip(batch["shift_labels"], batch["is_good"].tolist(), strict=True):
            text = str(tokenizer.decode(labels[labels != IGNORE_INDEX]))
            found.append((text.removesuffix("<|im_end|>").strip(), is_good))
    return sorted(found)


@pytest.mark.parametrize("workers", [0, 1])
def test_every_answer_keeps_its_label(workers: int, trainer: DPOTrainer, tmp_path: Path) -> None:
    """Each answer is a row with its own label, also out of the cache; none needs another."""
    expected = [("fine", True), ("good", True), ("no " * 8 + "no", False), ("worse", False)]
    for _ in range(2):
        factory = _factory(trainer, tmp_path / "rows.jsonl", _ROWS, dl_num_workers=workers)
        batches = list(factory.create().batches(0))
        assert [len(batch["is_good"]) for batch in batches] == [3, 1]
        assert expected == _answers(trainer.tokenizer, batches)
        assert sum(map(factory.count_tokens, batches)) == sum(
            int(batch["lengths"].sum()) for batch in batches
        )


def test_the_report_counts_labels_and_losses(trainer: DPOTrainer, tmp_path: Path) -> None:
    """It says how many are good and bad, and how many are left out for what."""
    factory = _factory(trainer, tmp_path / "rows.jsonl", _ROWS)
    factory.create()
    recorder = trainer.progress
    assert isinstance(recorder, Recorder)
    first, second, *_ = lines = recorder.notes[-1].splitlines()
    assert first == "answers: 2 good, 2 bad"
    assert second.startswith("data: 4 samples, ")
    (lost,) = (line for line in lines if line.startswith("left out"))
    assert lost.startswith("left out: 1 sample, ")
    assert lost.endswith(": longer than 128 tokens")


def test_a_pair_is_two_answers(trainer: DPOTrainer, tmp_path: Path) -> None:
    """The chosen side of a pair is a good answer, the rejected one a bad answer."""
    rows = pairs(4)
    factory = _factory(trainer, tmp_path / "pairs.jsonl", rows)
    expected = sorted(
        (str(row[side]).strip(), side == "chosen")
        for row in rows
        for side in ("chosen", "rejected")
    )
    assert expected == _answers(trainer.tokenizer, list(factory.create().batches(0)))


def test_rows_of_like_length_share_a_batch(trainer: DPOTrainer, tmp_path: Path) -> None:
    """The side that is not there adds nothing to the length of a row."""
    factory = _factory(trainer, tmp_path / "rows.jsonl", _ROWS, group_by_length=True)
    rows = factory.rows(factory.prepare())
    assert sorted(rows.lengths.tolist()) == sorted(
        sum(len(side.input_ids) for side in row) for row in rows
    )
    assert rows.lengths.min() > 0


def test_nothing_left(trainer: DPOTrainer, tmp_path: Path) -> None:
    """Where no answer is left, the error says so."""
    factory = _factory(trainer, tmp_path / "rows.jsonl", [_ROWS[3]])
    with pytest.raises(RecipeError, match="no answer is left to train on"):
        factory.create()
