"""One optimizer step is that of plain PyTorch, however the global batch is cut."""

from __future__ import annotations

import gc
import logging
import weakref
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import SGD
from transformers import LlamaForCausalLM
from typing_extensions import override

from arctic_training.core.loss_output import LossOutput
from arctic_training.data.batches import IGNORE_INDEX, SFTBatch
from arctic_training.engines.deepspeed.backend import deepspeed
from arctic_training.errors import TrainingError, UnusableRecipeError
from arctic_training.model.random_llama import RandomLlamaFactory
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged

_LEARNING_RATE = 0.1
_NO_CLIPPING, _CLIPPING = 0.0, 0.02


def _summed(model: LlamaForCausalLM, batch: SFTBatch) -> tuple[Tensor, int]:
    """Return the summed loss of each sample on its own, without padding, and its tokens."""
    losses = []
    for ids, labels, length in zip(
        batch["input_ids"], batch["shift_labels"], batch["lengths"].tolist(), strict=True
    ):
        logits = model(input_ids=ids[None, :length]).logits[0]
        log_p = logits.log_softmax(-1)
        losses += [
            -log_p[place - 1, ids[place]]
            for place in range(1, length)
            if labels[place - 1] != IGNORE_INDEX
        ]
    return torch.stack(losses).sum(), len(losses)


def _plain(
    model: LlamaForCausalLM, groups: list[list[SFTBatch]], clipping: float
) -> list[tuple[float, float]]:
    """Train a model, one group of batches a step; return the mean losses and gradient norms."""
    optimizer = SGD(model.parameters(), lr=_LEARNING_RATE, momentum=0.9)
    seen = []
    for group in groups:
        totals, counts = zip(*[_summed(model, batch) for batch in group], strict=True)
        loss = torch.stack(totals).sum() / sum(counts)
        optimizer.zero_grad()
        loss.backward()
        norm = clip_grad_norm_(model.parameters(), clipping or torch.inf)
        optimizer.step()
        seen.append((loss.item(), norm.item()))
    return seen


@pytest.mark.parametrize("clipping", [_NO_CLIPPING, _CLIPPING])
@pytest.mark.parametrize("accumulation", [1, 4])
@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_steps_equal_plain_pytorch(
    stage: int, accumulation: int, clipping: float, tmp_path: Path
) -> None:
    """An epoch on ragged data, whose last step is smaller, gives the weights of a plain loop."""
    trainer = HandTrainer(
        hand_config(
            data={"sources": jsonl(tmp_path / "data.jsonl", ragged(11))},
            gradient_accumulation_steps=accumulation,
            deepspeed={"gradient_clipping": clipping, "zero_optimization": {"stage": stage}},
            optimizer={"type": "sgd", "learning_rate": _LEARNING_RATE},
            scheduler={"name": "constant"},
        )
    )
    trainer.progress = recorder = Recorder()
    before = {name: value.clone() for name, value in trainer.engine.full_state_dict().items()}
    assert isinstance(trainer.engine.unwrapped, LlamaForCausalLM)
    model = LlamaForCausalLM(trainer.engine.unwrapped.config)
    model.load_state_dict(before)
    batches = list(trainer.train_dataloader.batches(0))
    groups = [batches[i : i + accumulation] for i in range(0, len(batches), accumulation)]
    assert len(groups[-1]) < accumulation or accumulation == 1

    expected = _plain(model, groups, clipping)
    trainer.train()

    losses = [report.loss for report in recorder.reports]
    assert losses == pytest.approx([loss for loss, _ in expected], abs=2e-6)
    assert not clipping or max(norm for _, norm in expected) > clipping
    weights = trainer.engine.full_state_dict()
    difference = {name: _distance(weights[name], v) for name, v in model.state_dict().items()}
    assert max(difference.values()) <= 1e-6, difference
    assert max(_distance(weights[name], value) for name, value in before.items()) > 1e-3


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take down a line."""
        self.lines.append(record.getMessage())


@pytest.mark.parametrize("stage", [0, 2])
def test_deepspeed_tells_what_is_asked(stage: int, capsys: pytest.CaptureFixture[str]) -> None:
    """DeepSpeed's own lines on steps and times come where the recipe wants them, and else never."""
    logger = deepspeed.utils.logger
    logger.addHandler(listener := _Listener())
    zero = {"zero_optimization": {"stage": stage}}
    told = {"steps_per_print": 2, "wall_clock_breakdown": True}
    try:
        HandTrainer(hand_config(train_iters=4, deepspeed=zero)).train()
        assert listener.lines == []
        assert "time (ms)" not in capsys.readouterr().out
        HandTrainer(hand_config(train_iters=4, deepspeed=zero | told)).train()
    finally:
        logger.setLevel("ERROR")
        logger.removeHandler(listener)
    steps = [line.partition(",")[0] for line in listener.lines if "skipped=" in line]
    assert steps == ["[Rank 0] step=2", "[Rank 0] step=4"]
    assert "time (ms) | fwd" in capsys.readouterr().out


def test_a_model_is_not_compiled_without_a_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`torch_compile` without a C++ compiler is refused before data is prepared, at its line."""
    monkeypatch.setenv("CXX", str(tmp_path / "g++"))
    with pytest.raises(UnusableRecipeError, match=r"no C\+\+ compiler") as caught:
        HandTrainer(hand_config(torch_compile=True))
    assert [problem.pointer for problem in caught.value.problems] == [("torch_compile",)]


@pytest.mark.full  # a compilation takes minutes on two cores
@pytest.mark.filterwarnings("ignore:The .grad attribute")  # what dynamo sees of ZeRO-3's hooks
@pytest.mark.timeout(900)
@pytest.mark.parametrize("stage", [0, 2, 3])
def test_a_compiled_model_trains_alike(stage: int, tmp_path: Path) -> None:
    """A compiled model has the losses that it has as it is, to 1e-5."""
    source = jsonl(tmp_path / "data.jsonl", ragged(11))
    losses = []
    for compiled in (False, True):
        trainer = HandTrainer(
            hand_config(
                data={"sources": source, "div_length": 64},
                deepspeed={"zero_optimization": {"stage": stage}},
                optimizer={"type": "sgd", "learning_rate": _LEARNING_RATE},
                torch_compile=compiled,
            )
        )
        trainer.progress = recorder = Recorder()
        trainer.train()
        losses.append([report.loss for report in recorder.reports])
    assert losses[1] == pytest.approx(losses[0], abs=1e-5)


def _distance(first: Tensor, second: Tensor) -> float:
    return (first - second).abs().max().item()


def test_a_loss_without_a_gradient_ends_the_run(tmp_path: Path) -> None:
    """A loss that was detached is the user's mistake, and is said to be."""

    class Detached(HandTrainer, abstract=True):
        @override
        def loss(self, batch: SFTBatch) -> LossOutput:
            output = super().loss(batch)
            return LossOutput(sum=output.sum.detach(), count=output.count, terms=output.terms)

    source = jsonl(tmp_path / "said.jsonl", ragged(4))
    with pytest.raises(TrainingError, match="no gradient"):
        Detached(hand_config(data={"sources": source})).train()


@pytest.mark.parametrize("stage", [0, 1, 2])  # DeepSpeed 0.19 keeps its engine of stage 3 for ever
def test_what_was_trained_can_go(stage: int, tmp_path: Path) -> None:
    """When nobody holds a trainer any more, its weights and their optimizer are gone from memory.

    So a notebook can train one model after another.
    """
    config = hand_config(
        data={"sources": jsonl(tmp_path / "said.jsonl", ragged(4))},
        deepspeed={"zero_optimization": {"stage": stage}},
        train_iters=1,
    )
    trainer = HandTrainer(config)
    trainer.progress = Recorder()
    trainer.train()
    model, optimizer = weakref.ref(trainer.engine.unwrapped), weakref.ref(trainer.optimizer)
    del trainer
    gc.collect()  # the trainer
    gc.collect()  # and what it had
    assert (model(), optimizer()) == (None, None)


class _Extended(RandomLlamaFactory, abstract=True):
    """A model with a weight of the loss's own."""

    shape: tuple[int, ...] = (1,)

    @override
    def create(self) -> nn.Module:
        model = super().create()
        model.register_parameter("log_scale", nn.Parameter(torch.zeros(self.shape)))
        return model


class _Scalar(_Extended, abstract=True):
    shape = ()


class _Learning(HandTrainer, abstract=True):
    """Learns by how much its loss is scaled."""

    factory: type[_Extended] = _Extended

    @override
    def make_model_factory(self) -> RandomLlamaFactory:
        return self.factory(self, self.config.model)

    @override
    def loss(self, batch: SFTBatch) -> LossOutput:
        output = super().loss(batch)
        scale = self.engine.unwrapped.get_parameter("log_scale").exp().squeeze()
        return LossOutput(sum=output.sum * scale, count=output.count, terms=output.terms)


class _Refused(_Learning, abstract=True):
    factory = _Scalar


@pytest.mark.parametrize("stage", [0, 2])
def test_a_loss_has_a_weight_of_its_own(stage: int, tmp_path: Path) -> None:
    """A weight that a model factory adds is trained by what the loss makes of it."""
    data = {"sources": jsonl(tmp_path / "s.jsonl", ragged(6))}
    stage_of = {"zero_optimization": {"stage": stage}}
    trainer = _Learning(hand_config(data=data, train_iters=3, deepspeed=stage_of))
    trainer.train()
    assert trainer.engine.full_state_dict()["log_scale"].item() < 0


def test_a_weight_without_a_dimension_is_refused(tmp_path: Path) -> None:
    """DeepSpeed would fail on it, and says neither where nor why."""
    data = {"sources": jsonl(tmp_path / "s.jsonl", ragged(6))}
    with pytest.raises(TrainingError, match="parameter `log_scale` is a scalar") as caught:
        _Refused(hand_config(data=data))
    assert caught.value.hint == "give it the shape (1,)"
