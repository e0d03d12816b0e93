"""The command that trains, in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import RECIPE, python, write

_RECIPE = f"""\
{RECIPE}
train_iters: 3
train_log_metrics_path: ./logs/metrics.jsonl
checkpoint:
  - type: deepspeed
    output_dir: ./runs
    save_every_n_steps: 2
    auto_resume: true
  - type: huggingface
    output_dir: ./models
    save_end_of_training: true
"""


def test_command_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`arctic-train` trains a model, says how it goes and nothing else, and compiles nothing."""
    extensions = tmp_path / "extensions"
    extensions.mkdir()
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(extensions))
    write(tmp_path / "recipes" / "tiny.yaml", _RECIPE)
    code, out, err = python(
        "-m", "arctic_training.cli.train", "recipes/tiny.yaml", "seed=7", folder=tmp_path
    )
    assert (code, err) == (0, "")
    data, training, steps_text = out.partition("training: 3 steps remaining (of 3)\n")
    steps = steps_text.splitlines()
    assert data.startswith("data: ")
    assert training
    assert [step.split(" | ")[0] for step in steps[:3]] == ["step 1/3", "step 2/3", "step 3/3"]
    assert all(" | loss " in step for step in steps[:3])
    assert steps[3:] == [
        "trained: steps 1 to 3 of 3",
        "checkpoint: recipes/runs/epoch_0_global_step_2",
        "model: recipes/models/global_step_3",
        "metrics: recipes/logs/metrics.jsonl",
    ]

    found = {path.relative_to(tmp_path).as_posix() for path in (tmp_path / "recipes").glob("*/*")}
    assert found == {
        "recipes/logs/metrics.jsonl",
        "recipes/logs/metrics.run.json",
        "recipes/models/global_step_3",
        "recipes/runs/epoch_0_global_step_2",
        "recipes/runs/latest",
    }
    recipe = json.loads((tmp_path / "recipes/runs/epoch_0_global_step_2/recipe.json").read_text())
    assert (recipe["seed"], recipe["train_iters"]) == (7, 3)
    assert [*extensions.iterdir()] == []
