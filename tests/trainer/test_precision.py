"""bf16 and fp16 train what fp32 trains, at every stage; steps that overflow are no steps."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
import torch
from torch import Tensor
from typing_extensions import override

from arctic_trainers.sft import SFTTrainer
from arctic_training.config.deepspeed import FP16Config
from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.loss_output import LossOutput
from arctic_training.data.batches import SFTBatch
from arctic_training.engines.deepspeed.backend import deepspeed
from arctic_training.engines.deepspeed.loss_scale import LossScale
from arctic_training.errors import TrainingError, UnusableRecipeError
from arctic_training.trainer.trainer import Trainer
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged, sft_config


@pytest.fixture
def _computes_in_fp16(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let DeepSpeed believe in fp16 on a processor that emulates it, slowly."""
    accelerator = deepspeed.accelerator.get_accelerator()
    monkeypatch.setattr(type(accelerator), "is_fp16_supported", lambda _: True)


def _trainer(folder: Path, **changes: object) -> HandTrainer:
    said = jsonl(folder / "said.jsonl", ragged(11))
    values: dict[str, object] = {
        "data": {"sources": said},
        "tokenizer": {"sources": said, "vocab_size": 300},  # the same under every Python
        "gradient_accumulation_steps": 3,
        "train_iters": 4,
        "optimizer": {"type": "sgd", "learning_rate": 0.1},
        "train_log_metrics_path": str(folder / "metrics.jsonl"),
    }
    trainer = HandTrainer(hand_config(**(values | changes)))
    trainer.progress = Recorder()
    return trainer


def _losses(folder: Path) -> list[float]:
    """Return the losses that a run recorded."""
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["loss"] for line in lines]


def _weights(trainer: Trainer[TrainerConfig, SFTBatch]) -> Tensor:
    """Return all weights as one vector."""
    state = trainer.engine.full_state_dict()
    return torch.cat([value.float().flatten() for value in state.values()])


@cache
def _moved(dtype: str, stage: int) -> Tensor:
    """Return by how much four steps move all weights, clipped where stages could differ in it."""
    engine = {
        "zero_optimization": {"stage": stage},
        "fp16": {"initial_scale_power": 5},
        "gradient_clipping": 0.5,
    }
    trainer = _trainer(Path(mkdtemp()), model={"dtype": dtype}, deepspeed=engine)
    before = _weights(trainer)
    trainer.train()
    assert trainer.state.skipped_steps == 0
    return _weights(trainer) - before


@pytest.mark.usefixtures("_computes_in_fp16")
@pytest.mark.parametrize(("dtype", "tolerance"), [("bf16", 0.05), ("fp16", 0.01)])
@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_16_bits_train_what_32_train(stage: int, dtype: str, tolerance: float) -> None:
    """The weights go where they go in fp32, but for rounding, and alike at every stage."""
    expected, moved = _moved("fp32", 0), _moved(dtype, stage)
    assert (moved - expected).norm() <= tolerance * expected.norm()
    assert (moved - _moved(dtype, 0)).norm() <= 1e-4 * expected.norm()


@pytest.mark.parametrize("rate", ["constant", "linear"])
def test_adam_begins_alike_at_every_stage(rate: str, tmp_path: Path) -> None:
    """AdamW's means and weights begin in 16 bits as in 32: no stage steps before the first step."""
    moved = []
    for dtype, stage in (("fp32", 0), ("bf16", 0), ("bf16", 2)):
        config = sft_config(
            model={"dtype": dtype},
            data={"sources": jsonl(tmp_path / "said.jsonl", ragged(11))},
            deepspeed={"zero_optimization": {"stage": stage}},
            optimizer={"learning_rate": 0.01, "eps": 1e-3, "weight_decay": 1.0},
            scheduler={"name": rate},
            train_iters=3,
        )
        trainer = SFTTrainer(config)
        trainer.progress = Recorder()
        before = _weights(trainer)
        trainer.train()
        moved.append(_weights(trainer) - before)
    expected, *others = moved
    for other in others:
        assert (other - expected).norm() <= 0.04 * expected.norm()


@pytest.mark.usefixtures("_computes_in_fp16")
@pytest.mark.parametrize("stage", [0, 2, 3])
def test_steps_that_overflow_are_no_steps(stage: int, tmp_path: Path) -> None:
    """Such a step changes no weight, no rate and no record; the run has all its steps all the same.

    The count of a first step is not known, so its gradients overflow at a high scale.
    """
    engine = {"zero_optimization": {"stage": stage}, "fp16": {"initial_scale_power": 13}}
    trainer = _trainer(tmp_path, model={"dtype": "fp16"}, deepspeed=engine, exit_iteration=2)
    began = trainer.scheduler.get_last_lr()
    before = _weights(trainer)
    batches = iter(trainer.train_batches)
    for _ in range(3):
        trainer.step(next(batches))
    assert (trainer.state.global_step, trainer.state.skipped_steps) == (0, 1)
    assert trainer.scheduler.get_last_lr() == began
    assert torch.equal(_weights(trainer), before)
    assert not (tmp_path / "metrics.jsonl").exists()
    trainer.train()
    assert (trainer.state.global_step, trainer.state.skipped_steps) == (2, 1)
    assert len(_losses(tmp_path)) == 2
    assert not torch.equal(_weights(trainer), before)


@pytest.mark.usefixtures("_computes_in_fp16")
@pytest.mark.parametrize("stage", [0, 3])
def test_a_scaled_run_goes_on(stage: int, tmp_path: Path) -> None:
    """A run in fp16 that stops and goes on, its scale with it, is the run that did not stop."""
    engine = {"zero_optimization": {"stage": stage}}
    engine |= {"fp16": {"initial_scale_power": 20, "loss_scale_window": 2}}
    changes = {"model": {"dtype": "fp16"}, "deepspeed": engine, "noise": True}
    whole = _trainer(tmp_path / "whole", **changes)
    whole.train()
    saved = {"output_dir": str(tmp_path / "saved"), "save_every_n_steps": 1, "auto_resume": True}
    changes |= {"checkpoint": saved}
    _trainer(tmp_path / "parts", exit_iteration=2, **changes).train()
    resumed = _trainer(tmp_path / "parts", **changes)
    resumed.train()
    assert resumed.state.skipped_steps == whole.state.skipped_steps > 0
    assert resumed.engine.loss_scale == whole.engine.loss_scale
    assert torch.equal(_weights(resumed), _weights(whole))
    assert _losses(tmp_path / "parts") == _losses(tmp_path / "whole")


def test_the_scale_of_losses() -> None:
    """The scale is halved by overflows, doubled after steps without, and falls to no less."""
    config = FP16Config(initial_scale_power=2, loss_scale_window=3, hysteresis=2)
    scale = LossScale.of(config)
    assert scale.factor == 4.0
    scale.step_skipped(5)  # a count that was not foreseen is the reason
    assert (scale.scale, scale.factor) == (4.0, 0.5)
    scale.step_skipped(8)
    assert scale.scale == 4.0
    scale.step_skipped(8)
    assert scale.scale == 2.0
    for _ in range(3):
        scale.step_taken(1)
    assert (scale.scale, scale.factor) == (4.0, 4.0)
    restored = LossScale.of(config)
    restored.restore(scale.as_dict())
    assert restored == scale
    for _ in range(3):
        scale.step_skipped(1)
    with pytest.raises(TrainingError, match="at the minimum loss scale, 1"):
        scale.step_skipped(1)


def test_a_device_without_fp16_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A precision that the device does not compute in is refused before data is prepared."""
    accelerator = deepspeed.accelerator.get_accelerator()
    monkeypatch.setattr(type(accelerator), "is_fp16_supported", lambda _: False)
    with pytest.raises(UnusableRecipeError) as caught:
        HandTrainer(hand_config(model={"dtype": "fp16"}))
    assert [problem.pointer for problem in caught.value.problems] == [("model", "dtype")]


class _Steep(HandTrainer, abstract=True):
    """Has a loss that is a number, whose gradient is none."""

    @override
    def loss(self, batch: SFTBatch) -> LossOutput:
        output = super().loss(batch)
        return replace(output, sum=output.sum + (output.sum * 0).sqrt())


@pytest.mark.parametrize(("dtype", "stage"), [("bf16", 0), ("bf16", 2), ("fp32", 1), ("fp32", 3)])
def test_gradients_that_are_no_numbers_end_the_run(dtype: str, stage: int) -> None:
    """Where no loss is scaled, a step that DeepSpeed would skip is an error with its samples."""
    engine = {"zero_optimization": {"stage": stage}}
    trainer = _Steep(hand_config(model={"dtype": dtype}, deepspeed=engine, train_iters=1))
    samples = ", ".join(map(str, trainer.train_dataloader.samples(0, 0)))
    where = f"in the micro-batches of the samples {samples}"
    message = rf"^step 1: the gradients of this step are not finite \(inf or NaN\) {where}$"
    with pytest.raises(TrainingError, match=message) as caught:
        trainer.train()
    assert "`optimizer.learning_rate`" in caught.value.hint
    assert trainer.state.global_step == 0
