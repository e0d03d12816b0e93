"""Warm-up, stable, decay."""

from __future__ import annotations

import math

import pytest

from arctic_trainers.sft import SFTTrainer
from arctic_training.errors import RecipeError
from tests.tiny import Recorder, sft_config

_PEAK = 0.1


def test_learning_rates_of_a_run() -> None:
    """The rate rises linearly from its lowest, stays, and falls back along a cosine."""
    section = {"type": "wsd", "num_warmup_steps": 2, "num_decay_steps": 4, "min_lr_ratio": 0.1}
    config = sft_config(train_iters=9, optimizer={"learning_rate": _PEAK}, scheduler=section)
    trainer = SFTTrainer(config)
    trainer.progress = recorder = Recorder()
    assert trainer.warmup_steps == 2
    trainer.train()
    falling = [0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * n / 4)) for n in range(4)]
    expected = [0.1, 0.55, 1, 1, 1, *falling]
    assert [report.learning_rate / _PEAK for report in recorder.reports] == pytest.approx(expected)


def test_too_short_a_run() -> None:
    """A run that is shorter than warm-up and decay together is refused."""
    section = {"type": "wsd", "num_warmup_steps": 2, "num_decay_steps": 4}
    with pytest.raises(RecipeError, match="more than the 5 steps") as caught:
        SFTTrainer(sft_config(train_iters=5, scheduler=section))
    assert caught.value.pointer == ("scheduler", "num_decay_steps")
