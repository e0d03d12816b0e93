"""Data that is read while training."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import datasets
import pytest

from arctic_training.core.mesh import Mesh
from arctic_training.data.batches import SFTBatch
from arctic_training.data.loading.loader import EpochLoader
from arctic_training.errors import RecipeError, UnusableRecipeError
from arctic_training.trainer.data_stage import DataStage
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged


def _config(folder: Path, **changes: object) -> dict[str, object]:
    data = {
        "sources": jsonl(folder / "said.jsonl", ragged(40)),
        "streaming": True,
        "shuffle_buffer": 20,
        "max_length": 256,
        "cache_dir": str(folder / "cache"),
    }
    return {"data": data | changes.pop("data", {}), "train_iters": 12, **changes}  # type: ignore[operator]


def _loader(folder: Path, **changes: object) -> EpochLoader[SFTBatch]:
    return DataStage(HandTrainer, hand_config(**_config(folder, **changes))).training_data()


def _listed(loader: EpochLoader[SFTBatch], start: int = 0) -> list[list[list[int]]]:
    """Return the tokens of each row of each batch."""
    return [
        [ids[:length].tolist() for ids, length in zip(b["input_ids"], b["lengths"], strict=True)]
        for b in loader.batches(0, start=start)
    ]


@pytest.mark.parametrize("packs", [False, True])
def test_batches_from_any_on_and_for_any_number_of_processes(
    packs: bool,  # noqa: FBT001 - a row of the table
    tmp_path: Path,
) -> None:
    """The same batches come each time, from the N-th on, and in turn for each of some processes."""
    changes = {"data": {"pack_samples": packs}, "train_iters": 24}
    whole = _listed(_loader(tmp_path, **changes))
    assert len(whole) == 24
    assert _listed(_loader(tmp_path, **changes), 7) == whole[7:]
    shares = [
        _listed(_loader(tmp_path, **changes | {"train_iters": 12}).share(Mesh(rank, 2)))
        for rank in range(2)
    ]
    assert [*chain.from_iterable(zip(*shares, strict=True))] == whole


def test_a_pass_has_everything_once(tmp_path: Path) -> None:
    """What is streamed is what would be prepared, in another order, and the next pass in a third.

    Nothing is kept, neither in the cache nor by `datasets`.
    """
    kept = {*Path(datasets.config.HF_DATASETS_CACHE).rglob("*.arrow")}
    streamed = [row for batch in _listed(_loader(tmp_path, train_iters=40)) for row in batch]
    assert {*Path(datasets.config.HF_DATASETS_CACHE).rglob("*.arrow")} == kept
    assert not (tmp_path / "cache").exists()
    prepared = _listed(_loader(tmp_path, data={"streaming": False}))
    rows = sorted(row for batch in prepared for row in batch)
    first, second = streamed[:40], streamed[40:]
    assert first != second
    assert sorted(first) == sorted(second) == rows


def test_what_passes_is_told(tmp_path: Path) -> None:
    """The first items are reported in full; then, each time it has doubled, how much was read."""
    config = hand_config(**_config(tmp_path, data={"shuffle_buffer": 10}, train_iters=50))
    stage = DataStage(HandTrainer, config)
    stage.progress = recorder = Recorder()
    assert len(_listed(stage.training_data())) == 50
    assert [note.partition(" tokens read, ")[2] for note in recorder.notes[2:]] == [
        "0 of them left out"
    ] * 3
    assert recorder.notes[0] == "streaming; of the first 10 items:"
    assert recorder.notes[1].startswith("data: 10 samples")


def test_sources_by_weight(tmp_path: Path) -> None:
    """Items are drawn from the sources by their weights; a source at its end begins anew."""
    few, many = ragged(3), [[*said, *said] for said in ragged(40)]
    sources = [
        jsonl(tmp_path / "few.jsonl", few) | {"weight": 1},
        jsonl(tmp_path / "many.jsonl", many) | {"weight": 3},
    ]
    batches = _listed(_loader(tmp_path, data={"sources": sources}, train_iters=100))
    end = DataStage(HandTrainer, hand_config()).tokenizer.eos_token_id
    short = sum(row.count(end) == 2 for batch in batches for row in batch)
    assert 30 < short < 70


def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    """A run that was stopped and resumed has the losses of one that was not."""
    checkpoint = {"type": "deepspeed", "output_dir": str(tmp_path / "run"), "auto_resume": True}
    losses = []
    for changes in (
        {},
        {"exit_iteration": 3, "checkpoint": checkpoint | {"save_every_n_steps": 3}},
        {"checkpoint": checkpoint},
    ):
        trainer = HandTrainer(hand_config(**_config(tmp_path, train_iters=6, **changes)))
        trainer.progress = recorder = Recorder()
        trainer.train()
        losses.append([report.loss for report in recorder.reports])
    assert losses[0] == [*losses[1], *losses[2]]
    assert len(losses[1]) == 3


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"train_iters": 0}, ("data", "streaming")),
        ({"data": {"dl_num_workers": 1}}, ("data", "dl_num_workers")),
        ({"data": {"train_eval_split": [0.5, 0.5]}}, ("data", "train_eval_split")),
        ({"data": {"fail_on_missing_cache": True}}, ("data", "fail_on_missing_cache")),
        ({"overfit_first_batch": True}, ("overfit_first_batch",)),
        (
            {"data": {"sources": {"type": "python_docs", "sample_count": 3}}},
            ("data", "sources", 0, "sample_count"),
        ),
        (
            {"data": {"sources": {"name_or_path": "owner/name", "split": "train[:5]"}}},
            ("data", "sources", 0, "split"),
        ),
    ],
)
def test_what_a_stream_cannot_do(
    changes: dict[str, object], pointer: tuple[str | int, ...], tmp_path: Path
) -> None:
    """What needs to know a set before it is read is refused at its key."""
    with pytest.raises(UnusableRecipeError) as caught:
        _loader(tmp_path, **changes)
    assert [problem.pointer for problem in caught.value.problems] == [pointer]


def test_a_stream_of_nothing(tmp_path: Path) -> None:
    """A stream without an item, or without one to train on, ends with an error and not never."""
    for data in ({"sources": jsonl(tmp_path / "no.jsonl", [])}, {"max_length": 2}):
        with pytest.raises(RecipeError):
            _listed(_loader(tmp_path, data=data))
    config = hand_config(**_config(tmp_path))
    with pytest.raises(RecipeError, match="is not prepared before") as caught:
        DataStage(HandTrainer, config).prepare_all()
    assert caught.value.pointer == ("data", "streaming")
