"""The summary of a run before it trains."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.mesh import Mesh
from arctic_training.core.state import Schedule
from arctic_training.trainer.summary import summary_lines
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged, sft_config


@dataclass
class _Run:
    config: TrainerConfig
    mesh: Mesh
    model: nn.Module
    schedule: Schedule
    device: torch.device
    eval_dataloaders: dict[str, list[int]] = field(default_factory=dict)


def _run(config: TrainerConfig, *, processes: int = 1, batches: int = 12) -> _Run:
    model = nn.Sequential(nn.Linear(9, 10), nn.Linear(10, 10).to(torch.bfloat16))
    schedule = Schedule.of(config, batches)
    return _Run(config, Mesh(0, processes), model, schedule, torch.device("cpu"))


def test_every_factor_of_the_batch_is_named() -> None:
    """Micro-batch, accumulation and processes are multiplied to rows and tokens of one step."""
    config = sft_config(
        micro_batch_size=2,
        gradient_accumulation_steps=4,
        epochs=3,
        deepspeed={"zero_optimization": {"stage": 2}},
    )
    run = _run(config, processes=8)
    next(run.model.children()).requires_grad_(requires_grad=False)
    assert [*summary_lines(run)] == [
        "model: 210 parameters, 110 (52.38%) trainable, fp32 and bf16",
        "devices: 8 x cpu, ZeRO stage 2",
        "batch: 2 x 4 x 8 (micro-batch x accumulation x processes) = 64 rows, up to 32,768 tokens",
        "steps: 9 (3 epochs of 3 steps)",
    ]


def test_sets_of_evaluation_have_names() -> None:
    """Each evaluation set is named with its size, beside how often it is evaluated."""
    run = _run(sft_config(train_iters=7, eval_interval=1))
    run.eval_dataloaders = {"short": [1], "held_out": [1, 2]}
    assert [*summary_lines(run)][-2:] == [
        "steps: 7",
        "evaluation: every 1 step on `short` (1 batch), `held_out` (2 batches)",
    ]


def test_a_run_begins_with_its_summary(tmp_path: Path) -> None:
    """The summary comes before the first step, and evaluation and saving are shown as stages."""
    source = jsonl(tmp_path / "data.jsonl", ragged(4))
    trainer = HandTrainer(
        hand_config(
            data={"sources": source, "eval_sources": source},
            eval_interval=1,
            train_iters=1,
            checkpoint={"output_dir": f"{tmp_path}/saved", "save_end_of_training": True},
        )
    )
    trainer.progress = recorder = Recorder()
    trainer.train()
    kinds = [note.partition(":")[0] for note in recorder.notes[:5]]
    assert kinds == ["model", "devices", "batch", "steps", "evaluation"]
    evaluation, saving = recorder.stages
    assert str(evaluation).startswith("evaluating `eval`: ")
    assert evaluation.done == evaluation.total > 0
    assert saving.text == f"saving to {tmp_path}/saved"
