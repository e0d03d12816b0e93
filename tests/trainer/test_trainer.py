"""The trainer of trainer.rst, and its loop."""

from __future__ import annotations

import inspect
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from typing_extensions import override

from arctic_training.data.batches import SFTBatch
from arctic_training.errors import TrainingError
from arctic_training.losses.output import LossOutput, Term
from arctic_training.trainer.trainer import Trainer
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged

_ATTRIBUTES = """
    name config_type data_factory_type model_factory_type checkpoint_engine_type
    optimizer_factory_type scheduler_factory_type tokenizer_factory_type
""".split()
_PROPERTIES = "epochs train_batches device training_horizon warmup_steps".split()
_METHODS = "loss train epoch step checkpoint".split()


def test_names_of_the_origin() -> None:
    """Every name of ArcticTraining's page on its trainer exists, as what it is there."""
    assert [name for name in _ATTRIBUTES if name not in Trainer.__annotations__] == []
    for name in _PROPERTIES:
        assert isinstance(inspect.getattr_static(Trainer, name), property), name
    for name in _METHODS:
        assert inspect.isfunction(inspect.getattr_static(Trainer, name)), name
    assert [name for name in _METHODS if name in Trainer.__abstractmethods__] == ["loss"]


class _Watched(HandTrainer, abstract=True):
    calls: Counter[str]
    seen: list[list[list[int]]]

    @override
    def train(self) -> None:
        self.calls["train"] += 1
        super().train()

    @override
    def epoch(self) -> None:
        self.calls["epoch"] += 1
        super().epoch()

    @override
    def step(self, batch: SFTBatch) -> None:
        self.calls["step"] += 1
        self.seen.append(batch["input_ids"].tolist())
        super().step(batch)

    @override
    def checkpoint(self) -> None:
        self.calls["checkpoint"] += 1
        super().checkpoint()


class _Run(NamedTuple):
    accumulation: int
    epochs: int
    train_iters: int
    exit_iteration: int
    horizon: int
    steps: int
    batches: int


@pytest.mark.parametrize(
    "run",
    [
        _Run(1, 1, 0, 0, horizon=7, steps=7, batches=7),
        _Run(3, 2, 0, 0, horizon=6, steps=6, batches=14),  # groups of 3, 3 and 1
        _Run(10, 2, 0, 0, horizon=2, steps=2, batches=14),  # one group of 7
        _Run(3, 1, 4, 0, horizon=4, steps=4, batches=10),  # stops in a second epoch
        _Run(3, 2, 0, 2, horizon=6, steps=2, batches=6),  # stops early: the horizon stays
        _Run(3, 2, 0, 99, horizon=6, steps=6, batches=14),
    ],
)
def test_loop(run: _Run, tmp_path: Path) -> None:
    """A run takes the steps of its horizon, or up to `exit_iteration`, through the overrides.

    Each epoch has all batches of the loader's epoch of that number.
    """
    trainer = _Watched(
        hand_config(
            data={"sources": jsonl(tmp_path / "data.jsonl", ragged(13))},
            gradient_accumulation_steps=run.accumulation,
            epochs=run.epochs,
            train_iters=run.train_iters,
            exit_iteration=run.exit_iteration,
            scheduler={"warmup_ratio": 0.5},
        )
    )
    trainer.calls, trainer.seen = Counter(), []
    trainer.progress = recorder = Recorder()
    assert trainer.training_horizon == run.horizon
    assert trainer.warmup_steps == -(-run.horizon // 2)
    assert isinstance(trainer.device, torch.device)

    trainer.train()

    num_epochs = -(-run.batches // 7)
    assert [report.step for report in recorder.reports] == [*range(1, run.steps + 1)]
    assert trainer.calls == {
        "train": 1,
        "epoch": num_epochs,
        "step": run.batches,
        "checkpoint": 1 + num_epochs + run.steps,
    }
    loader = trainer.train_dataloader
    epochs = [batch for epoch in range(num_epochs) for batch in loader.batches(epoch)]
    assert trainer.seen == [batch["input_ids"].tolist() for batch in epochs[: run.batches]]
    assert trainer.state.global_step == run.steps
    assert sum(report.tokens for report in recorder.reports) == trainer.state.tokens


class _OwnLoop(HandTrainer, abstract=True):
    """Trains by a loop that takes nothing from the base but the step."""

    @override
    def train(self) -> None:
        for batch in self.train_batches:
            self.step(batch)


def test_loop_of_ones_own(tmp_path: Path) -> None:
    """A trainer may bring a whole loop of its own: a step depends on none of the others."""
    source = jsonl(tmp_path / "data.jsonl", ragged(6))
    log = tmp_path / "metrics.jsonl"
    trainer = _OwnLoop(hand_config(data={"sources": source}, train_log_metrics_path=log))
    trainer.train()
    assert trainer.state.global_step == 3
    assert len(log.read_text().splitlines()) == 3


class _Returns(HandTrainer, abstract=True):
    """Its loss returns what a test says."""

    output: LossOutput | torch.Tensor

    @override
    def loss(self, batch: SFTBatch) -> LossOutput:
        logits = self.model(input_ids=batch["input_ids"]).logits
        output = LossOutput.of(self.output)
        return LossOutput(output.sum + 0 * logits.sum(), output.count, output.terms)


_TERMS = {"tokens_each": Term(1.0, 1), "samples": Term(1.0, 1)}


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (LossOutput(torch.tensor(1.0), 0, _TERMS), "count is 0"),
        (LossOutput(torch.tensor(torch.nan), 1, _TERMS), "the loss is nan"),
        (LossOutput(torch.tensor(torch.inf), 1, _TERMS), "the loss is inf"),
        (LossOutput(torch.tensor(1.0), 1, {"mine": Term(1.0, 1)}), r"terms \['mine'\]"),
        (torch.tensor(1.0), r"declares the metrics \['samples', 'tokens_each'\]"),
    ],
)
def test_unusable_losses_end_training(output: LossOutput | torch.Tensor, message: str) -> None:
    """A loss that is no number, counts nothing, or returns undeclared terms ends training."""
    trainer = _Returns(hand_config(train_iters=1))
    trainer.output = output
    weights = {name: value.clone() for name, value in trainer.engine.full_state_dict().items()}
    with pytest.raises(TrainingError, match=message):
        trainer.train()
    for name, value in trainer.engine.full_state_dict().items():
        assert torch.equal(weights[name], value), name


def test_a_process_that_finds_no_others_does_not_train(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is said to be one of several does not train on its own."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with pytest.raises(TrainingError, match="MASTER_ADDR does not say"):
        HandTrainer(hand_config())
