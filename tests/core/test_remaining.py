"""``epochs`` and ``train_batches``: views to read, and to iterate over in a loop."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, cast, get_args

import pytest
import torch
from torch import nn
from typing_extensions import override

from arctic_training.callback.callbacks import Moment
from arctic_training.core.context import TrainerContext
from arctic_training.core.reports import MEASURED
from arctic_training.data.batches import SFTBatch
from arctic_training.data.factories.sft import SFTDataFactory
from arctic_training.data.loading.loader import EpochLoader
from arctic_training.engines.deepspeed.checkpoint import DeepSpeedCheckpointEngine
from arctic_training.errors import TrainingError
from arctic_training.model.random_llama import RandomLlamaFactory
from arctic_training.trainer.trainer import Trainer
from tests.support import ROOT
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged

_Seen = tuple[str, int, list[int], int, int]


def _trainer(kind: type[HandTrainer], folder: Path, **changes: object) -> HandTrainer:
    """Return a trainer of two epochs of 3 + 3 + 1 batches."""
    values: dict[str, object] = {
        "data": {"sources": jsonl(folder / "said.jsonl", ragged(13))},
        "gradient_accumulation_steps": 3,
        "epochs": 2,
        "noise": True,
        "optimizer": {"type": "sgd", "learning_rate": 0.1},
        "train_log_metrics_path": str(folder / "metrics.jsonl"),
    }
    trainer = kind(hand_config(**(values | changes)))
    trainer.progress = Recorder()
    return trainer


def _metrics(folder: Path) -> list[dict[str, float]]:
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [{name: line[name] for name in line.keys() - MEASURED} for line in lines]


def _seen(trainer: HandTrainer, moment: str) -> _Seen:
    """Read both views twice over, and say what they hold."""
    epochs, batches = trainer.epochs, trainer.train_batches
    assert len(list(epochs)) == len(epochs) == len(list(epochs))
    first = [batch["input_ids"].tolist() for batch in batches]
    assert [batch["input_ids"].tolist() for batch in batches] == first
    assert len(batches) == len(first)
    assert bool(batches) is bool(first)
    place = trainer.state.epoch_idx, trainer.state.train_batch_idx
    return moment, place[0], list(epochs), place[1], len(batches)


@pytest.mark.parametrize(
    ("changes", "epochs", "batches"),
    [
        ({}, 2, 14),
        ({"train_iters": 4}, 2, 10),
        ({"exit_iteration": 2}, 1, 6),
        ({"epochs": 1, "min_iterations": 5}, 2, 13),
    ],
)
def test_reading_changes_nothing(
    changes: dict[str, object], epochs: int, batches: int, tmp_path: Path
) -> None:
    """Whoever reads the views at whatever moment sees what remains; the run is the same bits."""
    plain = _trainer(HandTrainer, tmp_path / "plain", **changes)
    plain.train()
    read = _trainer(HandTrainer, tmp_path / "read", **changes)
    seen: list[_Seen] = []

    def at(moment: Moment) -> None:
        read.add_callback(moment, lambda trainer: seen.append(_seen(trainer, moment)))

    for moment in get_args(Moment):
        at(moment)
    read.train()
    assert _metrics(tmp_path / "read") == _metrics(tmp_path / "plain")
    assert read.state == plain.state
    expected = plain.engine.full_state_dict()
    for name, value in read.engine.full_state_dict().items():
        assert torch.equal(value, expected[name]), name
    steps = [each for each in seen if each[0] == "pre-step"]
    assert len(steps) == batches
    for number, (_, epoch, left, begun, remaining) in enumerate(steps, 1):
        assert (epoch, begun) == ((number - 1) // 7, (number - 1) % 7 + 1)
        assert remaining == min(7 - begun, batches - number)
        assert left == [*range(epoch + (not remaining), epochs)]
    assert seen[0][:1] + seen[0][2:] == ("pre-train", [*range(epochs)], 0, min(7, batches))
    assert seen[-1][2:] == ([], seen[-1][3], 0)


class _OwnTrain(HandTrainer, abstract=True):
    @override
    def train(self) -> None:
        for _ in self.epochs:
            for batch in self.train_batches:
                self.step(batch)


class _OwnEpoch(HandTrainer, abstract=True):
    @override
    def epoch(self) -> None:
        for batch in self.train_batches:
            self.step(batch)


class _OwnPhases(_OwnEpoch, abstract=True):
    @override
    def train(self) -> None:
        for _ in self.epochs:
            self.epoch()


class _Listed(HandTrainer, abstract=True):
    """Takes the batches of an epoch before the first step."""

    @override
    def epoch(self) -> None:
        for batch in list(self.train_batches):
            self.step(batch)


@pytest.mark.parametrize("kind", [_OwnTrain, _OwnEpoch, _OwnPhases, _Listed])
@pytest.mark.parametrize("changes", [{}, {"train_iters": 4}])
def test_loops_over_the_views(
    kind: type[HandTrainer], changes: dict[str, object], tmp_path: Path
) -> None:
    """An override of ``train`` or ``epoch`` that iterates over the views trains the same bits."""
    plain = _trainer(HandTrainer, tmp_path / "plain", **changes)
    plain.train()
    own = _trainer(kind, tmp_path / "own", **changes)
    own.train()
    assert _metrics(tmp_path / "own") == _metrics(tmp_path / "plain")
    assert own.state.global_step == plain.state.global_step == own.training_horizon
    assert len(own.epochs) == 0


class _Filtering(HandTrainer, abstract=True):
    """Leaves out every third batch."""

    seen: list[int]

    @override
    def epoch(self) -> None:
        for index, batch in enumerate(self.train_batches, self.state.train_batch_idx):
            if index % 3 != 1:
                self.step(self.made_of(batch))

    def made_of(self, batch: SFTBatch) -> SFTBatch:
        return batch

    @override
    def step(self, batch: SFTBatch) -> None:
        self.seen.append(self.state.train_batch_idx)
        super().step(batch)


class _Copying(_Filtering, abstract=True):
    """Trains on copies that share their tensors."""

    @override
    def made_of(self, batch: SFTBatch) -> SFTBatch:
        return batch.copy()


class _Cutting(_Filtering, abstract=True):
    """Trains on parts of the batches."""

    @override
    def made_of(self, batch: SFTBatch) -> SFTBatch:
        return _row(batch, 0)


def _row(batch: SFTBatch, row: int) -> SFTBatch:
    rows = {name: value[row : row + 1] for name, value in batch.items()}  # type: ignore[index]
    return cast("SFTBatch", rows)


@pytest.mark.parametrize("kind", [_Filtering, _Copying, _Cutting])
def test_batches_that_a_loop_leaves_out_are_passed(kind: type[_Filtering], tmp_path: Path) -> None:
    """An ``epoch`` that skips batches ends, and resumes at the batch after its last one."""
    whole = kind(_trainer(HandTrainer, tmp_path / "whole", checkpoint=[]).config)
    whole.seen = []
    whole.train()
    assert whole.seen == [1, 3, 4, 6, 7] * 2
    saving = {"output_dir": str(tmp_path / "saved"), "save_every_n_steps": 1, "auto_resume": True}
    config = _trainer(HandTrainer, tmp_path / "parts", checkpoint=saving).config
    cut = kind(config.model_copy(update={"exit_iteration": 4}))
    resumed_seen = cut.seen = []
    cut.train()
    resumed = kind(config)
    resumed.seen = resumed_seen
    resumed.train()
    assert resumed.seen == whole.seen
    expected = whole.engine.full_state_dict()
    for name, value in resumed.engine.full_state_dict().items():
        assert torch.equal(value, expected[name]), name


class _Twice(HandTrainer, abstract=True):
    @override
    def epoch(self) -> None:
        for batch in self.train_batches:
            self.step(batch)
            self.step(batch)


class _Rows(HandTrainer, abstract=True):
    @override
    def epoch(self) -> None:
        for batch in self.train_batches:
            for row in range(len(batch["lengths"])):
                self.step(_row(batch, row))


class _Passes(HandTrainer, abstract=True):
    @override
    def epoch(self) -> None:
        for batch in [*self.train_batches] * 2:
            self.step(batch)


@pytest.mark.parametrize(("kind", "batch"), [(_Twice, 0), (_Rows, 0), (_Passes, 6)])
def test_a_batch_is_consumed_once(kind: type[HandTrainer], batch: int, tmp_path: Path) -> None:
    """A loop that calls ``step`` again for a batch is told so, and how to train on it again."""
    trainer = _trainer(kind, tmp_path)
    with pytest.raises(TrainingError, match=f"again after it has consumed batch {batch}") as caught:
        trainer.train()
    assert "call `super().step`" in caught.value.hint


_NAMES = """
    name config_type data_factory_type model_factory_type checkpoint_engine_type
    optimizer_factory_type scheduler_factory_type tokenizer_factory_type
    epochs train_batches device training_horizon warmup_steps
    loss train epoch step checkpoint
""".split()
_read: dict[str, dict[str, object]] = {}


def _take_down(trainer: TrainerContext, reader: str) -> None:
    for name in _NAMES:
        _read.setdefault(reader, {})[name] = getattr(trainer, name)
    _read[reader] |= {"epochs": list(trainer.epochs), "train_batches": len(trainer.train_batches)}


class _Model(RandomLlamaFactory, abstract=True):
    @override
    def create(self) -> nn.Module:
        _take_down(self.trainer, "model factory")
        return super().create()


class _Engine(DeepSpeedCheckpointEngine, abstract=True):
    @override
    def save(self) -> None:
        _take_down(self.trainer, "checkpoint engine")
        super().save()


class _Data(SFTDataFactory, abstract=True):
    too_early: ClassVar[list[TrainingError]] = []

    @override
    def create(self) -> EpochLoader[SFTBatch]:
        for read in (
            lambda: len(self.trainer.epochs),
            lambda: list(self.trainer.train_batches),
            lambda: self.trainer.training_horizon,
            lambda: self.trainer.warmup_steps,
            lambda: self.trainer.model,
        ):
            with pytest.raises(TrainingError, match="is not available yet") as caught:
                read()
            self.too_early.append(caught.value)
        return super().create()


class _Read(HandTrainer, abstract=True):
    @override
    def make_data_factory(self) -> SFTDataFactory:
        return _Data(self, self.config.data)

    @override
    def make_model_factory(self) -> RandomLlamaFactory:
        return _Model(self, self.config.model)

    @override
    def make_checkpoint_engines(self) -> Iterator[DeepSpeedCheckpointEngine]:
        return (_Engine(self, section) for section in self.config.checkpoint)


def test_every_name_of_the_seed_can_be_read(tmp_path: Path) -> None:
    """A factory, an engine and a callback read each; before it is known, an error says so."""
    _Data.too_early.clear()
    saving = {"output_dir": str(tmp_path / "saved"), "save_every_n_steps": 4}
    trainer = _trainer(_Read, tmp_path, checkpoint=saving)
    trainer.add_callback("post-epoch", lambda read: _take_down(read, "callback"))
    trainer.train()
    assert {len(found) for found in _read.values()} == {len(_NAMES)}
    views = {who: (found["epochs"], found["train_batches"]) for who, found in _read.items()}
    assert views == {
        "model factory": ([0, 1], 7),
        "checkpoint engine": ([1], 4),
        "callback": ([], 0),
    }
    assert {found["training_horizon"] for found in _read.values()} == {6}
    assert len(_Data.too_early) == 5
    assert all("tokenizer, data, model" in error.hint for error in _Data.too_early)


@pytest.mark.parametrize("name", _NAMES)
def test_every_name_of_the_seed_is_in_the_context_and_documented(name: str) -> None:
    """Parts are typed against the context, and the page of the trainer is rendered from it."""
    assert hasattr(TrainerContext, name) or name in TrainerContext.__annotations__
    assert hasattr(Trainer, name) or name in Trainer.__annotations__
    page = (ROOT / "docs/reference/trainer.md").read_text(encoding="utf-8")
    assert f"| `{name}" in page
