"""What is prepared of a section: sets that are larger than memory, and parts that are held out."""

from __future__ import annotations

import pickle
import tracemalloc
from pathlib import Path

import datasets
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from arctic_training.data.batches import SFTBatch
from arctic_training.data.chat.conversation import Conversation
from arctic_training.data.loading.loader import EpochLoader
from arctic_training.data.store.preparation_report import log_progress
from arctic_training.data.store.prepared_data import read_samples, write_samples
from arctic_training.data.store.samples import Sample, Samples
from arctic_training.data.tokenizing import text_batches
from arctic_training.errors import UnusableRecipeError
from arctic_training.trainer.data_stage import DataStage
from tests.tiny import HandTrainer, hand_config, jsonl, ragged


def _peak(folder: Path, number: int, batch: int) -> int:
    """Return how many bytes preparing so many conversations holds at most, each time anew."""
    saved = folder / f"{number} saved"
    if not saved.exists():
        datasets.Dataset.from_list([{"messages": c} for c in ragged(number)]).save_to_disk(saved)
    data = {
        "sources": {"type": "huggingface_instruct", "name_or_path": str(saved)},
        "cache_dir": str(folder / str(batch)),
        "pack_samples": True,
        "max_length": 512,
    }
    stage = DataStage(HandTrainer, hand_config(data=data))
    tracemalloc.start()
    stage.training_data()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty times the conversations take less than twice the memory: what grows are lengths.

    Where all are worked on at once, they take several times as much.
    """

    def work_on(number: int) -> None:
        for limit in (
            "tokenizing._MAX_TEXTS",
            "sources.huggingface._AT_ONCE",
            "store.samples._AT_ONCE",
        ):
            monkeypatch.setattr(f"arctic_training.data.{limit}", number)

    monkeypatch.setattr("arctic_training.fs.atomic_folder._CHUNK", 1000)
    work_on(100)
    _peak(tmp_path, 100, 1)
    few, many = _peak(tmp_path, 200, 2), _peak(tmp_path, 4000, 2)
    work_on(1_000_000)
    at_once = _peak(tmp_path, 4000, 3)
    assert many < 2 * few
    assert at_once > 4 * many


def test_long_preparations_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """While samples are made, a line says from time to time how many there are; none is lost."""
    monkeypatch.setattr("arctic_training.data.store.preparation_report._LOOKS", 2)
    monkeypatch.setattr("arctic_training.data.store.preparation_report._PAUSE", -1.0)
    sample = Sample(np.arange(3, dtype=np.int32), np.ones(3, np.bool_))
    notes: list[str] = []
    assert [*log_progress([sample] * 5, notes.append)] == [sample] * 5
    assert notes == [f"preparing: {n} samples, {3 * n} tokens so far" for n in (2, 4)]


@given(sizes=st.lists(st.integers(0, 9), max_size=30))
def test_batches(sizes: list[int]) -> None:
    """A stream is cut without loss, before it has more texts or characters than fit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("arctic_training.data.tokenizing._MAX_TEXTS", 4)
        patch.setattr("arctic_training.data.tokenizing._MAX_CHARACTERS", 12)
        cut = [*text_batches(sizes, lambda size: size)]
    assert [size for batch in cut for size in batch] == sizes
    assert all(len(batch) <= 4 and sum(batch[:-1]) < 12 for batch in cut)
    assert all(len(batch) == 4 or sum(batch) >= 12 for batch in cut[:-1])


def test_samples_are_sent_by_the_names_of_their_files(tmp_path: Path) -> None:
    """A process that makes batches gets no copy of the tokens, and sees the same samples."""
    ids = np.arange(300_000, dtype=np.int32)
    whole = Samples(ids, ids % 2 == 0, np.arange(0, 300_000, 30), np.full(10_000, 30))
    write_samples(tmp_path, (whole[number] for number in range(len(whole))))
    stored = read_samples(tmp_path)
    for samples in (whole, stored, stored.where(stored.starts % 2 == 0)):
        copy = pickle.loads(pickle.dumps(samples))  # noqa: S301 - our own
        assert len(copy) == len(samples)
        assert copy.num_loss_tokens.tolist() == samples.num_loss_tokens.tolist()
        assert copy[7].input_ids.tolist() == samples[7].input_ids.tolist()
    tokens = pickle.dumps((stored.input_ids, stored.loss_mask))
    lengths = pickle.dumps((stored.starts, stored.lengths))
    assert len(pickle.dumps(stored)) < len(lengths) + 1000 < len(tokens)


_SPLIT = {"train_eval_split": [0.75, 0.25]}


def _stage(folder: Path, said: list[Conversation], **data: object) -> DataStage[SFTBatch]:
    section = {"sources": jsonl(folder / "said.jsonl", said), "cache_dir": str(folder / "cache")}
    return DataStage(HandTrainer, hand_config(data=section | data, eval_interval=1))


def test_a_part_is_held_out(tmp_path: Path) -> None:
    """What is evaluated on is never trained on, nothing is lost, and a seed decides which it is."""
    said = ragged(40)
    trained, held_out = _parts(_stage(tmp_path, said, **_SPLIT))
    assert (len(trained), len(held_out)) == (30, 10)
    assert not {*trained} & {*held_out}
    everything, nothing = _parts(_stage(tmp_path, said))
    assert (sorted([*trained, *held_out]), nothing) == (sorted(everything), [])
    assert _parts(_stage(tmp_path, said, **_SPLIT)) == (trained, held_out)
    assert _parts(_stage(tmp_path, said, **_SPLIT, seed=7))[1] != held_out


def _parts(stage: DataStage[SFTBatch]) -> tuple[list[str], list[str]]:
    """Return the texts that are trained on, and those that are evaluated on."""
    factories = [stage.data, *stage.evaluated.values()]
    texts = [[], *[_texts(stage, factory.create()) for factory in factories]]
    return texts[1], texts[2] if len(texts) > 2 else []


def _texts(stage: DataStage[SFTBatch], loader: EpochLoader[SFTBatch]) -> list[str]:
    batches = loader.in_order().batches(0)
    return [
        str(stage.tokenizer.decode(ids[:length]))
        for batch in batches
        for ids, length in zip(batch["input_ids"], batch["lengths"], strict=True)
    ]


def _at(*pointer: str | int) -> tuple[str | int, ...]:
    return ("data", *pointer)


def test_shares_add_up_to_one(tmp_path: Path) -> None:
    """The shares of a split add up to 1, and the error has their sum."""
    with pytest.raises(UnusableRecipeError) as caught:
        _stage(tmp_path, ragged(4), train_eval_split=[0.5, 0.4])
    (problem,) = caught.value.problems
    assert problem.message == "0.5 and 0.4 add up to 0.9, not to 1"
    assert problem.hint.startswith("write such as `[0.9, 0.1]`")


def test_a_split_leaves_something_to_train_on(tmp_path: Path) -> None:
    """A section whose training share is 0 is invalid, before any source is looked at."""
    with pytest.raises(ValidationError) as caught:
        _stage(tmp_path, ragged(4), train_eval_split=[0, 1])
    (error,) = caught.value.errors()
    assert (error["loc"], error["type"]) == (("data", "train_eval_split", 0), "greater_than")


@pytest.mark.parametrize(
    ("data", "pointers"),
    [
        ({"train_eval_split": [0.5, 0.4]}, [_at("train_eval_split")]),
        (_SPLIT | {"eval_sources": {"type": "python_docs"}}, [_at("train_eval_split")]),
        (_SPLIT | {"sources": {"name_or_path": "/none"}}, [_at("sources", 0, "name_or_path")]),
        (
            _SPLIT | {"train_last_turn_only": True, "mask_inputs": False},
            [("data", "train_last_turn_only")],
        ),
        (
            {"eval_sources": {"name_or_path": "/none"}},
            [_at("eval_sources", 0, "name_or_path")],
        ),
    ],
)
def test_each_mistake_is_told_once(
    data: dict[str, object], pointers: list[tuple[str, ...]], tmp_path: Path
) -> None:
    """Parts that do not make one, and what else is wrong, are told at their key, and once."""
    with pytest.raises(UnusableRecipeError) as caught:
        _stage(tmp_path, ragged(4), **data)
    assert [problem.pointer for problem in caught.value.problems] == pointers
