"""Two processes train what one trains."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import LlamaForCausalLM

from arctic_training.core.mesh import Mesh
from arctic_training.launcher.torchrun import launch
from tests.launcher.table import NUM_SAMPLES, reported, train_row
from tests.support import RECIPE, ROOT, python, write
from tests.tiny import jsonl, ragged

_SAMPLE = ["0-8-0.02", "1-1-0.0", "2-8-0.02", "3-8-0.0", "resume-3"]
_REST = [
    f"{stage}-{accumulation}-{clipping}"
    for stage in range(4)
    for accumulation in (1, 8)
    for clipping in (0.0, 0.02)
]


def _in_two_processes(rows: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train rows in two processes, and compare the weights with those of one process."""
    jsonl(folder / "said.jsonl", ragged(NUM_SAMPLES))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    command = ["-m", "tests.launcher.table", str(folder), *rows]
    assert launch(command, num_processes=2) == (0, "")
    for clipping in ("0.0", "0.02"):
        trainer = train_row(f"0-1-{clipping}", folder, Mesh())
        expected = trainer.engine.full_state_dict()
        for row in (row for row in rows if row.endswith(f"-{clipping}")):
            weights = torch.load(folder / f"{row}.pt")
            away = {name: (weights[name] - v).abs().max().item() for name, v in expected.items()}
            assert max(away.values()) <= 1e-6, (row, away)
            assert (folder / f"{row}.txt").read_text() == reported(trainer)


def test_two_processes_train_what_one_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three steps on ragged data end within 1e-6 of those of one process; so does an evaluation.

    The terms of each step are the same. A sample of the table of ZeRO stages, accumulation and
    clipping, and a resumed run.
    """
    _in_two_processes(_SAMPLE, tmp_path, monkeypatch)


@pytest.mark.full
def test_two_processes_train_what_one_trains_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same, for the whole table."""
    rows = [*_REST, *(f"resume-{stage}" for stage in range(4))]
    _in_two_processes(rows, tmp_path, monkeypatch)


_RECIPE = f"""\
{RECIPE}
train_iters: 2
train_log_metrics_path: ./metrics.jsonl
deepspeed:
  zero_optimization: {{stage: 3}}
checkpoint:
  - type: deepspeed
    output_dir: ./runs
    save_every_n_steps: 2
  - type: huggingface
    output_dir: ./models
    save_end_of_training: true
"""


def test_command_trains_in_two_processes(tmp_path: Path) -> None:
    """`--num-processes 2` says everything once, and exports weights that ZeRO-3 spread out."""
    write(tmp_path / "tiny.yaml", _RECIPE)
    command = ("-m", "arctic_training.cli.train", "--num-processes", "2", "tiny.yaml")
    code, out, err = python(*command, folder=tmp_path)
    assert (code, err) == (0, "")
    data, training, steps_text = out.partition("training: 2 steps remaining (of 2)\n")
    steps = steps_text.splitlines()
    assert data.startswith("data: ")
    assert data.count("data: ") == 1
    assert training
    assert [step.split(" | ")[0] for step in steps[:2]] == ["step 1/2", "step 2/2"]
    assert [line.split(": ")[0] for line in steps[2:]] == [
        "trained", "checkpoint", "model", "metrics",
    ]  # fmt: skip
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2]
    saved = {path.name for path in (tmp_path / "runs" / "epoch_0_global_step_2").iterdir()}
    assert {"random_numbers_rank_0.pt", "random_numbers_rank_1.pt"} <= saved
    loaded: Any = LlamaForCausalLM.from_pretrained(
        tmp_path / "models" / "global_step_2", output_loading_info=True
    )
    model, report = loaded
    assert model.get_input_embeddings().weight.numel() > 0
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
