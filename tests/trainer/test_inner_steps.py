"""Several optimizer steps on one global batch, taken by an override of ``step``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor
from typing_extensions import override

from arctic_training.core.mesh import Mesh
from arctic_training.data.batches import SFTBatch
from arctic_training.errors import RecipeError
from arctic_training.launcher.torchrun import launch
from arctic_training.trainer.device import to_device
from tests.launcher.inner import Declared, Inner, losses, run, weights_of
from tests.support import ROOT
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged

_BATCHES, _SIZE = 7, 2


def _config(folder: Path, inner: int, **changes: object) -> dict[str, object]:
    return {
        "data": {"sources": jsonl(folder / "said.jsonl", ragged(13)), "max_length": 500 + inner},
        "gradient_accumulation_steps": 3,
        "optimizer": {"type": "sgd", "learning_rate": 0.1},
        "scheduler": {"name": "constant"},
        **changes,
    }


def _by_hand(folder: Path, inner: int) -> dict[str, Tensor]:
    """Return the weights after ``inner`` steps on each global batch, taken without the loop."""
    trainer = HandTrainer(hand_config(**_config(folder, inner)))
    batches = list(trainer.train_dataloader.batches(0))
    trainer.engine.train(mode=True)
    for start in range(0, _BATCHES, 3):
        for _ in range(inner):
            outputs = []
            for batch in batches[start : start + 3]:
                outputs.append(trainer.loss(to_device(batch, trainer.device)))
                trainer.backward(outputs[-1].sum)
            trainer.engine.step(float(sum(output.count for output in outputs)))
    return trainer.engine.full_state_dict()


def _trained(kind: type[Inner], folder: Path, inner: int, **changes: object) -> Inner:
    trainer = kind(hand_config(**_config(folder, inner, **changes)))
    trainer.progress = Recorder()
    trainer.train()
    return trainer


@pytest.mark.parametrize("inner", [1, 2, 3, 4])
def test_inner_steps_are_of_the_whole_global_batch(inner: int, tmp_path: Path) -> None:
    """However often ``step`` is called, each step is of all micro-batches, and each is seen.

    The weights are those of a loop by hand; an epoch has all batches and ``inner`` steps on each
    global batch; horizon, tokens and the batches that are consumed are right.
    """
    trainer = _trained(Inner, tmp_path, inner)
    expected = _by_hand(tmp_path, inner)
    for name, value in trainer.engine.full_state_dict().items():
        assert torch.allclose(value, expected[name], atol=1e-6, rtol=0), name
    lengths = [int(batch["lengths"].sum()) for batch in trainer.train_dataloader.batches(0)]
    groups = [sum(lengths[start : start + 3]) for start in range(0, _BATCHES, 3)]
    assert isinstance(trainer.progress, Recorder)
    tokens = [report.tokens for report in trainer.progress.reports]
    assert tokens == [group for group in groups for _ in range(inner)]
    assert trainer.training_horizon == trainer.state.global_step == 3 * inner
    assert trainer.progress.reports[-1].horizon == 3 * inner


def test_declared_inner_steps_plan_the_learning_rate(tmp_path: Path) -> None:
    """``inner_steps`` counts in the horizon from the start, so that the rate falls to its end.

    Undeclared, the first global batch tells, and the rates after it are the same.
    """
    linear = {"scheduler": {"name": "linear", "warmup_ratio": 0}}
    rates = {}
    for kind in (Declared, Inner):
        trainer = _trained(kind, tmp_path, 2, **linear)
        assert isinstance(trainer.progress, Recorder)
        rates[kind] = [report.learning_rate for report in trainer.progress.reports]
        notes = [note for note in trainer.progress.notes if "inner_steps = 2" in note]
        assert len(notes) == (kind is Inner)
    assert rates[Declared] == pytest.approx([0.1 * (1 - step / 6) for step in range(6)])
    assert rates[Inner][2:] == pytest.approx(rates[Declared][2:])


@pytest.mark.parametrize("kind", [Declared, Inner])
@pytest.mark.parametrize("stop", [1, 2, 3])
def test_resuming_between_global_batches(kind: type[Inner], stop: int, tmp_path: Path) -> None:
    """What is saved stands between two global batches; the resumed run is the same to the bit.

    A step that is due between two inner steps is saved, and ends a run, with its global batch.
    """
    changes: dict[str, object] = {
        "noise": True, "epochs": 2, "scheduler": {"name": "linear"},
        "train_log_metrics_path": str(tmp_path / "metrics.jsonl"),
    }  # fmt: skip
    saving = {"output_dir": str(tmp_path / "saved"), "save_every_n_steps": 3, "auto_resume": True}
    whole = _trained(kind, tmp_path, 2, **changes, checkpoint=[])
    (tmp_path / "metrics.jsonl").rename(tmp_path / "whole.jsonl")
    cut = _trained(kind, tmp_path, 2, **changes, checkpoint=saving, exit_iteration=stop)
    assert cut.state.global_step == -(-stop // 2) * 2
    names = [path.name for path in (tmp_path / "saved").glob("epoch_*")]
    assert names == (["epoch_0_global_step_4"] if stop == 3 else [])
    torch.manual_seed(99)
    resumed = _trained(kind, tmp_path, 2, **changes, checkpoint=saving)
    assert resumed.state == whole.state
    assert _lines(tmp_path / "metrics.jsonl")[-6:] == _lines(tmp_path / "whole.jsonl")[-6:]
    expected = whole.engine.full_state_dict()
    for name, value in resumed.engine.full_state_dict().items():
        assert torch.equal(value, expected[name]), name


def _lines(path: Path) -> list[tuple[float, ...]]:
    found = map(json.loads, path.read_text().splitlines())
    return [(line["step"], line["loss"], line["learning_rate"], line["epoch"]) for line in found]


class _Ragged(HandTrainer, abstract=True):
    """Calls ``step`` twice for every other micro-batch, and not at all for the last."""

    @override
    def step(self, batch: SFTBatch) -> None:
        index = self.state.train_batch_idx - 1
        for _ in range(0 if index == _BATCHES - 1 else 1 + index % 2):
            super().step(batch)


def test_unequal_calls_leave_nothing_behind(tmp_path: Path) -> None:
    """Optimizer steps that the last micro-batch has no part in are taken with its global batch."""
    trainer = _Ragged(hand_config(**_config(tmp_path, 0)))
    trainer.progress = recorder = Recorder()
    trainer.train()
    tokens = [int(batch["lengths"].sum()) for batch in trainer.train_dataloader.batches(0)]
    expected = [sum(tokens[:3]), tokens[1], sum(tokens[3:6]), tokens[3] + tokens[5]]
    assert [report.tokens for report in recorder.reports] == expected


class _Evaluated(Inner, abstract=True):
    """Takes down after which steps it evaluates."""

    evaluated: list[int]

    @override
    def evaluate(self) -> None:
        self.evaluated.append(self.state.global_step)


def test_steps_end_with_their_global_batch(tmp_path: Path) -> None:
    """`train_iters` and `eval_interval` that fall between inner steps wait for the last of them."""
    data = _config(tmp_path, 2)["data"]
    assert isinstance(data, dict)
    data |= {"eval_sources": data["sources"]}
    config = _config(tmp_path, 2, train_iters=7, eval_interval=3, data=data)
    trainer = _Evaluated(hand_config(**config))
    trainer.progress, trainer.evaluated = Recorder(), []
    trainer.train()
    assert trainer.state.global_step == trainer.training_horizon == 8
    assert trainer.evaluated == [4, 6]


class _Wrong(HandTrainer, abstract=True):
    inner_steps = 0


def test_a_trainer_takes_at_least_one_step(tmp_path: Path) -> None:
    """``inner_steps`` below 1 is refused: a run would have no step."""
    with pytest.raises(RecipeError, match="`inner_steps` is 0"):
        _Wrong(hand_config(**_config(tmp_path, 1)))


def test_two_processes_take_the_steps_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 1 to 4 inner steps, losses and weights are those of one process, to 1e-6.

    A resumed run of two processes is the uninterrupted one, bit for bit.
    """
    jsonl(tmp_path / "said.jsonl", ragged(13))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert launch(["-m", "tests.launcher.inner", str(tmp_path)], num_processes=2) == (0, "")
    for inner in (1, 2, 3, 4):
        alone = run(tmp_path, inner, Mesh())
        in_two = json.loads((tmp_path / f"losses-{inner}").read_text())
        assert in_two == pytest.approx(losses(alone), abs=1e-6)
        expected = weights_of(alone)
        found = torch.load(tmp_path / f"weights-{inner}.pt")
        assert max((found[n] - value).abs().max() for n, value in expected.items()) <= 1e-6
