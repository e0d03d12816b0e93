"""Muon for hidden matrices, AdamW for the rest, in one optimizer."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.optim import AdamW, Muon, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from arctic_trainers.sft import SFTTrainer
from arctic_training.errors import UnusableRecipeError
from arctic_training.optimizer.combined import JoinedOptimizer
from arctic_training.optimizer.parameter_groups import hidden_matrices
from tests.tiny import Recorder, jsonl, ragged, sft_config


def _layers() -> tuple[nn.Linear, nn.Linear]:
    torch.manual_seed(1)
    return nn.Linear(4, 6), nn.Linear(6, 3)


def _optimizers(layers: tuple[nn.Linear, nn.Linear]) -> list[Optimizer]:
    matrices = [layer.weight for layer in layers]
    return [Muon(matrices, lr=0.1), AdamW([layer.bias for layer in layers], lr=0.1)]


def _stepped(layers: tuple[nn.Linear, nn.Linear], optimizers: list[Optimizer], steps: int) -> None:
    """Take steps, each at half the rate of the one before."""
    schedulers = [LambdaLR(optimizer, lambda step: 0.5**step) for optimizer in optimizers]
    for step in range(steps):
        inputs = torch.linspace(-1, 1, 8).view(2, 4) + step
        loss: Tensor = layers[1](layers[0](inputs).tanh()).square().sum()
        torch.autograd.backward(loss)
        for optimizer, scheduler in zip(optimizers, schedulers, strict=True):
            optimizer.step()
            optimizer.zero_grad()
            scheduler.step()


def test_joined_optimizers_are_the_optimizers() -> None:
    """Together they do what they do one by one, under a scheduler and with a loaded state."""
    apart, together, loaded = _layers(), _layers(), _layers()
    _stepped(apart, _optimizers(apart), 3)
    joined = JoinedOptimizer(_optimizers(together))
    _stepped(together, [joined], 3)
    for one, other in zip(apart, together, strict=True):
        assert torch.equal(one.weight, other.weight)
        assert torch.equal(one.bias, other.bias)

    again = JoinedOptimizer(_optimizers(loaded))
    again.load_state_dict(deepcopy(joined.state_dict()))
    for one, other in zip(together, loaded, strict=True):
        other.load_state_dict(one.state_dict())
    _stepped(together, [joined], 2)
    _stepped(loaded, [again], 2)
    for one, other in zip(together, loaded, strict=True):
        assert torch.equal(one.weight, other.weight)
        assert torch.equal(one.bias, other.bias)


def test_hidden_matrices() -> None:
    """Muon has the matrices of the layers; embeddings, head, norms and biases are AdamW's."""
    trainer = SFTTrainer(sft_config(optimizer={"type": "muon"}, train_iters=1))
    model = trainer.engine.unwrapped
    hidden = {id(parameter) for parameter in hidden_matrices(model)}
    names = {name for name, parameter in model.named_parameters() if id(parameter) in hidden}
    every = {name for name, _ in model.named_parameters()}
    assert names == {name for name in every if name.endswith("_proj.weight")}
    first, *others = trainer.optimizer.param_groups
    assert {id(parameter) for parameter in first["params"]} == hidden
    held = [id(p) for group in (first, *others) for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in model.parameters())


@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_a_run_goes_on(dtype: str, tmp_path: Path) -> None:
    """The loss falls, and a run that stops and goes on is the run that did not stop."""
    saved = {"output_dir": str(tmp_path / "saved"), "save_every_n_steps": 1, "auto_resume": True}
    losses = []
    for changes in ({}, {"checkpoint": saved, "exit_iteration": 4}, {"checkpoint": saved}):
        config = sft_config(
            model={"dtype": dtype},
            data={"sources": jsonl(tmp_path / "said.jsonl", ragged(13))},
            optimizer={"type": "muon", "learning_rate": 0.02},
            train_iters=9,
            **changes,
        )
        trainer = SFTTrainer(config)
        trainer.progress = recorder = Recorder()
        trainer.train()
        losses.append([report.loss for report in recorder.reports])
    whole, begun, resumed = losses
    assert begun + resumed == whole
    assert whole[-1] < whole[0] - 1


def test_matrices_that_are_shared_out_are_refused() -> None:
    """ZeRO stages that cut matrices up are refused before data is prepared."""
    changes = {"optimizer": {"type": "muon"}, "deepspeed": {"zero_optimization": {"stage": 1}}}
    with pytest.raises(UnusableRecipeError, match="ZeRO stage 1 cuts them") as caught:
        SFTTrainer(sft_config(**changes))
    assert [problem.pointer for problem in caught.value.problems] == [("optimizer", "type")]
