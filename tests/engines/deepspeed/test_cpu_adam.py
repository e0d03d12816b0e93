"""AdamW on the processor, offloaded or not, and how it is compiled."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from arctic_trainers.sft import SFTTrainer
from arctic_training.engines.deepspeed.compiled_operations import compiled
from arctic_training.errors import UnusableRecipeError
from tests.tiny import Recorder, jsonl, ragged, sft_config

_OFFLOAD = {"stage": 2, "offload_optimizer": {"device": "cpu"}}


def test_without_a_compiler_it_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no C++ compiler, the recipe is refused at its line, and says which it was."""
    monkeypatch.setenv("CXX", str(tmp_path / "g++"))
    with pytest.raises(UnusableRecipeError, match=r"no C\+\+ compiler .*/g\+\+") as caught:
        SFTTrainer(sft_config(optimizer={"type": "cpu_adam"}))
    assert [problem.pointer for problem in caught.value.problems] == [("optimizer", "type")]


@pytest.mark.parametrize("name", ["fused_adam", "muon"])
def test_what_cannot_be_offloaded_is_refused(name: str) -> None:
    """Offloading is refused for every optimizer that computes where the model does."""
    changes = {"optimizer": {"type": name}, "deepspeed": {"zero_optimization": _OFFLOAD}}
    with pytest.raises(UnusableRecipeError, match=f"`cpu_adam`, not `{name}`"):
        SFTTrainer(sft_config(**changes))


def test_a_killed_build_stops_no_later_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that a build left behind is gone when the next one begins, in the same folder."""
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path))
    left = tmp_path / "op" / "lock"
    left.parent.mkdir()
    left.touch()
    assert compiled("op", left.exists) is False


@pytest.mark.full  # the first run in an environment compiles for minutes
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "zero",
    [
        {"stage": 0},
        {"stage": 1, "offload_optimizer": {"device": "cpu"}},
        _OFFLOAD,
        {"stage": 3, "offload_optimizer": {"device": "cpu"}},
        {
            "stage": 3,
            "offload_optimizer": {"device": "cpu"},
            "offload_param": {"device": "cpu"},
        },
    ],
)
@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_it_trains_what_fused_adam_trains(
    zero: dict[str, object], dtype: str, tmp_path: Path
) -> None:
    """Weights after steps of accumulated, clipped gradients are those of PyTorch's AdamW."""
    weights = []
    for name, engine in (("fused_adam", {"stage": 0}), ("cpu_adam", zero)):
        config = sft_config(
            model={"dtype": dtype},
            data={"sources": jsonl(tmp_path / "said.jsonl", ragged(13))},
            gradient_accumulation_steps=3,
            optimizer={"type": name, "eps": 1e-3, "learning_rate": 0.01},
            deepspeed={"zero_optimization": engine, "gradient_clipping": 0.5},
            train_iters=4,
        )
        trainer = SFTTrainer(config)
        trainer.progress = Recorder()
        trainer.train()
        weights.append(trainer.engine.full_state_dict())
    tolerance = 1e-6 if dtype == "fp32" else 1e-3
    for name, expected in weights[0].items():
        assert torch.allclose(weights[1][name], expected, rtol=0, atol=tolerance), name
