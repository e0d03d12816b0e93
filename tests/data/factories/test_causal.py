"""Documents in rows, and the `causal` trainer."""

from __future__ import annotations

from itertools import chain, pairwise
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arctic_trainers.causal import CausalTrainer, CausalTrainerConfig
from arctic_training.data.factories.causal import CausalDataFactory
from arctic_training.data.store.samples import Rows
from tests.support import write
from tests.tiny import Recorder, prepared, recipe

_texts = st.lists(st.text(max_size=20) | st.sampled_from(["", "a b", "word " * 9]), max_size=8)
_Documents = Literal["apart", "joined"]


def _config(**changes: object) -> CausalTrainerConfig:
    return CausalTrainerConfig.model_validate(recipe(type="causal", **changes))


@pytest.fixture(scope="module")
def trainer() -> CausalTrainer:
    """Return a trainer whose tokenizer begins a document with a token, and ends it with one."""
    trainer = CausalTrainer(_config())
    trainer.tokenizer.bos_token = "<|im_start|>"  # noqa: S105 - no password
    trainer.progress = Recorder()
    return trainer


def _rows(trainer: CausalTrainer, texts: list[str], length: int, how: _Documents) -> Rows:
    section = trainer.config.data.model_copy(update={"max_length": length, "documents": how})
    made = prepared(CausalDataFactory(trainer, section), texts)
    assert made.report.tokens == made.report.tokens_read
    assert made.report.dropped == ()
    return Rows(made.samples, made.row_index)


def _documents(trainer: CausalTrainer, texts: list[str]) -> list[list[int]]:
    tokenizer = trainer.tokenizer
    start, end = tokenizer.encode("<|im_start|>") + tokenizer.encode("<|im_end|>")
    documents: list[list[int]] = [[start, *tokenizer.encode(text), end] for text in texts]
    return documents


@given(texts=_texts, length=st.integers(2, 30))
def test_joined_documents(trainer: CausalTrainer, texts: list[str], length: int) -> None:
    """Joined documents are one text in rows that are full but for the last; no token is lost."""
    rows = _rows(trainer, texts, length, "joined")
    ids = [sample.input_ids.tolist() for row in rows for sample in row]
    assert [*chain(*ids)] == [*chain(*_documents(trainer, texts))]
    assert all(len(row) == 1 for row in rows)
    assert {len(row) for row in ids[:-1]} <= {length}
    assert [s.loss_mask.tolist() for row in rows for s in row if len(s.loss_mask)] == [
        [False] + [True] * (len(row) - 1) for row in ids if row
    ]


@given(texts=_texts, length=st.integers(2, 30))
def test_documents_apart(trainer: CausalTrainer, texts: list[str], length: int) -> None:
    """Documents that are kept apart fill rows with their parts; no token is lost."""
    rows = _rows(trainer, texts, length, "apart")
    expected = [
        document[start : start + length]
        for document in _documents(trainer, texts)
        for start in range(0, len(document), length)
    ]
    found = [sample for row in rows for sample in row]
    assert sorted(sample.input_ids.tolist() for sample in found) == sorted(expected)
    assert all(s.loss_mask.tolist() == [False] + [True] * (len(s.loss_mask) - 1) for s in found)
    loads = [sum(len(sample.input_ids) for sample in row) for row in rows]
    assert max(loads, default=0) <= length
    assert all(a + b > length for a, b in pairwise(sorted(loads)[:2]))


def test_a_tokenizer_without_a_first_token(trainer: CausalTrainer) -> None:
    """Only the tokens that the tokenizer has begin and end a document."""
    tokenizer = trainer.tokenizer
    tokenizer.bos_token = None
    try:
        rows = _rows(trainer, ["a"], 9, "joined")
    finally:
        tokenizer.bos_token = "<|im_start|>"  # noqa: S105 - no password
    assert rows[0][0].input_ids.tolist() == [*tokenizer.encode("a"), tokenizer.eos_token_id]


def test_flash_attention_joins_or_takes_one_row(trainer: CausalTrainer) -> None:
    """Documents are kept apart in flash attention one row at a time, and joined in any number."""

    def problems(how: _Documents, size: int) -> int:
        config = _config(
            data={"documents": how},
            model={"attn_implementation": "flash_attention_2"},
            micro_batch_size=size,
        )
        trainer_like = CausalTrainer.__new__(CausalTrainer)
        trainer_like.config = config
        return len([*CausalDataFactory(trainer_like, config.data).problems()])

    assert trainer is not None
    assert [problems("apart", 1), problems("apart", 2), problems("joined", 2)] == [0, 1, 0]


@pytest.mark.parametrize("how", ["apart", "joined"])
def test_training(how: str, tmp_path: Path) -> None:
    """The `causal` trainer trains on text files, and the loss falls."""
    for name in "abc":
        write(tmp_path / f"{name}.txt", f"{name} one two three four five six seven. " * 20)
    source = {"type": "huggingface_causal", "name_or_path": str(tmp_path)}
    data = {"sources": source, "documents": how, "max_length": 64}
    optimizer = {"type": "fused_adam", "learning_rate": 1e-2}
    trainer = CausalTrainer(_config(data=data, optimizer=optimizer, train_iters=8))
    trainer.progress = recorder = Recorder()
    trainer.train()
    dropped = [report.loss for report in recorder.reports]
    assert dropped[-1] < dropped[0] - 1
