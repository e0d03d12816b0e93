"""Optimizers."""

from __future__ import annotations

import torch
from torch import nn

from arctic_trainers.sft import SFTTrainer
from arctic_training.optimizer.parameter_groups import decay_groups
from tests.tiny import sft_config


def test_only_matrices_decay() -> None:
    """Matrices decay, biases and norms do not, frozen weights are left out, each comes once."""
    model = nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3), nn.Linear(3, 2, bias=False))
    model[2].weight.requires_grad = False
    decaying, others = decay_groups(model, 0.5)
    assert decaying == {"params": [model[0].weight], "weight_decay": 0.5}
    assert others["params"] == [model[0].bias, model[1].weight, model[1].bias]
    assert others["weight_decay"] == 0.0
    assert len(decay_groups(model[2], 0.5)) == 0


def test_settings_reach_the_optimizer() -> None:
    """The optimizer is AdamW with the recipe's settings, and has every parameter."""
    settings = {"learning_rate": 1e-2, "weight_decay": 0.3, "betas": [0.5, 0.75], "eps": 1e-3}
    trainer = SFTTrainer(sft_config(optimizer=settings, train_iters=1))
    assert isinstance(trainer.optimizer, torch.optim.AdamW)
    defaults = trainer.optimizer.defaults
    assert [defaults[name] for name in ("betas", "eps", "fused")] == [(0.5, 0.75), 1e-3, True]
    held = [p for group in trainer.optimizer.param_groups for p in group["params"]]
    assert len(held) == len(list(trainer.engine.unwrapped.parameters()))
