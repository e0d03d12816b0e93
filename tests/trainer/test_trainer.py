"""The trainer of trainer.rst, and its loop."""

from __future__ import annotations

import inspect
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from typing_extensions import override

from arctic_training.core.loss_output import LossOutput, Term
from arctic_training.core.state import Schedule
from arctic_training.data.batches import SFTBatch
from arctic_training.errors import TrainingError
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
        (LossOutput(torch.tensor(1.0), torch.nan, _TERMS), "step 1: .* count is nan"),
        (LossOutput(torch.tensor(1.0), torch.inf, _TERMS), "count is inf"),
        (LossOutput(torch.tensor(torch.nan), 1, _TERMS), "step 1: the loss is nan"),
        (LossOutput(torch.tensor(torch.inf), 1, _TERMS), "the loss is inf"),
        (LossOutput(torch.tensor(1.0), 1, {"mine": Term(1.0, 1)}), "it also returns `mine`"),
        (torch.tensor(1.0), "it returns no `samples`, `tokens_each`$"),
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
    with pytest.raises(TrainingError, match="MASTER_ADDR is not set"):
        HandTrainer(hand_config())


class _Broken(HandTrainer, abstract=True):
    """Has no number for a loss where the longest sample is so long."""

    @override
    def loss(self, batch: SFTBatch) -> LossOutput:
        output = super().loss(batch)
        longest = batch["lengths"].max().item()
        return replace(output, sum=output.sum * (torch.nan if longest == self.longest else 1))

    longest: float = 0


def test_a_loss_that_is_no_number_names_its_samples(tmp_path: Path) -> None:
    """The message has the indices of the samples of the micro-batch, and of no other."""
    trainer = _Broken(
        hand_config(
            data={"sources": jsonl(tmp_path / "data.jsonl", ragged(7))},
            gradient_accumulation_steps=4,
        )
    )
    batches = list(trainer.train_dataloader.batches(0))
    lengths = [batch["lengths"].max().item() for batch in batches]
    trainer.longest = max(lengths)
    broken = lengths.index(trainer.longest)
    samples = ", ".join(map(str, trainer.train_dataloader.samples(0, broken)))
    message = (
        f"^step {broken // 4 + 1}: the loss is nan in the micro-batch of the samples {samples}$"
    )
    with pytest.raises(TrainingError, match=message) as caught:
        trainer.train()
    assert "`optimizer.learning_rate`" in caught.value.hint
    assert "`auto_resume`" in caught.value.hint


def test_overfitting_the_first_batch(tmp_path: Path) -> None:
    """With `overfit_first_batch`, each step sees the first batch, and the loss falls."""
    trainer = _Watched(
        hand_config(
            data={"sources": jsonl(tmp_path / "data.jsonl", ragged(13))},
            overfit_first_batch=True,
            train_iters=9,
            optimizer={"type": "sgd", "learning_rate": 0.5},
        )
    )
    trainer.calls, trainer.seen = Counter(), []
    trainer.progress = recorder = Recorder()
    trainer.train()
    assert all(seen == trainer.seen[0] for seen in trainer.seen)
    assert recorder.reports[-1].loss < recorder.reports[0].loss / 2


def test_deterministic_mode() -> None:
    """With `deterministic`, an operation whose result may vary is an error."""
    try:
        HandTrainer(hand_config(deterministic=True))
        with pytest.raises(RuntimeError, match="does not have a deterministic implementation"):
            torch.zeros(2).put_(torch.tensor([0, 0]), torch.tensor([1.0, 2.0]))
    finally:
        torch.use_deterministic_algorithms(mode=False)


@pytest.mark.parametrize(
    ("exits", "first", "last"),
    [
        ((0, 0), 0, 6),
        ((4, 0), 0, 4),
        ((9, 0), 0, 6),
        ((0, 2), 3, 5),
        ((0, 9), 3, 6),
        ((4, 2), 3, 4),
    ],
)
def test_where_a_run_ends(exits: tuple[int, int], first: int, last: int) -> None:
    """`exit_iteration` counts from the beginning, `exit_iteration_this_run` from the resumption."""
    config = hand_config(exit_iteration=exits[0], exit_iteration_this_run=exits[1], train_iters=6)
    assert Schedule.of(config, 10).last_step(config, first) == last


def test_a_trainer_that_was_cut_does_not_train_on(tmp_path: Path) -> None:
    """What a step has added up before it was cut would count among the next one's.

    So `train` within `train` is refused, and `train` after an error; one that is done is done.
    """
    config = hand_config(data={"sources": jsonl(tmp_path / "data.jsonl", ragged(5))}, train_iters=1)
    done, cut = HandTrainer(config), HandTrainer(config)
    done.train()
    done.train()
    assert done.state.global_step == 1
    cut.add_callback("post-backward", Trainer.train)
    for _ in range(2):
        with pytest.raises(TrainingError, match="a step of this trainer is not complete") as caught:
            cut.train()
        assert "`auto_resume`" in caught.value.hint
    assert cut.state.global_step == 0


class _Elsewhere(HandTrainer, abstract=True):
    """Its loss has a gradient, and none of the model's weights has a part in it."""

    @override
    def loss(self, batch: SFTBatch) -> LossOutput:
        return replace(super().loss(batch), sum=torch.ones((), requires_grad=True) * 2)


def test_a_loss_of_other_weights_ends_training() -> None:
    """A gradient that reaches no weight of the model trains nothing, and that is said."""
    trainer = _Elsewhere(hand_config(train_iters=1))
    with pytest.raises(TrainingError, match="does not depend on the model's parameters"):
        trainer.train()
