"""What the processes of a test run: rows of a table, each a small training, one after the other.

``python -m tests.launcher.table FOLDER ROW...``; the first process writes ``FOLDER/ROW.pt``, the
weights, of each row. A row is ``stage-accumulation-clipping``; the global batch is the same in all.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from arctic_training.config.checkpoint import DeepSpeedCheckpointConfig
from arctic_training.core.mesh import Mesh
from arctic_training.engines.deepspeed.process_group import leave_process_group
from arctic_training.launcher.process_exit import ended_whole
from tests.tiny import HandTrainer, Recorder, hand_config

__all__ = ["NUM_SAMPLES", "STEPS", "reported", "train_row"]

NUM_SAMPLES = 41
STEPS = 3
_GLOBAL_BATCH = 16  # of which the last step has 9, which two processes cannot share evenly


def train_row(row: str, folder: Path, mesh: Mesh, **changes: object) -> HandTrainer:
    """Train by a row of the table; return the trainer."""
    stage, accumulation, clipping = row.split("-")
    source = {"name_or_path": str(folder / "said.jsonl")}
    values: dict[str, object] = {
        "data": {"sources": source, "eval_sources": source},
        "micro_batch_size": _GLOBAL_BATCH // mesh.size("data") // int(accumulation),
        "gradient_accumulation_steps": int(accumulation),
        "deepspeed": {
            "gradient_clipping": float(clipping),
            "zero_optimization": {"stage": int(stage)},
        },
        "optimizer": {"type": "sgd", "learning_rate": 0.1},
        "scheduler": {"name": "constant"},
        "eval_interval": STEPS,
    }
    trainer = HandTrainer(hand_config(**(values | changes)))
    trainer.progress = Recorder()
    trainer.train()
    return trainer


def _resumes(folder: Path, mesh: Mesh, stage: int) -> None:
    """Check that a run of several processes that goes on is the run that did not stop."""
    row = f"{stage}-1-1"
    saved = {"output_dir": str(folder / f"saved-{stage}"), "save_every_n_steps": 2}
    whole = train_row(row, folder, mesh, noise=True)
    train_row(row, folder, mesh, noise=True, exit_iteration=2, checkpoint=saved)
    torch.manual_seed(99)
    resumed = train_row(row, folder, mesh, noise=True, checkpoint=saved | {"auto_resume": True})
    assert isinstance(resumed.config.checkpoint[0], DeepSpeedCheckpointConfig)
    assert isinstance(whole.progress, Recorder)
    assert isinstance(resumed.progress, Recorder)
    assert resumed.state == whole.state
    losses = [report.loss for report in resumed.progress.reports]
    assert losses == [report.loss for report in whole.progress.reports[2:]]
    weights = whole.engine.full_state_dict()
    for name, value in resumed.engine.full_state_dict().items():
        assert torch.equal(value, weights[name]), name


def reported(trainer: HandTrainer) -> str:
    """Return the terms of each step, and what the last evaluation came to."""
    assert isinstance(trainer.progress, Recorder)
    terms = [str(report.terms) for report in trainer.progress.reports]
    evaluated = [note for note in trainer.progress.notes if note.startswith("step ")][-1]
    return "\n".join([*terms, evaluated])


def main(folder: Path, rows: list[str]) -> None:
    """Train all rows."""
    mesh = Mesh.of_environment()
    for row in rows:
        if row.startswith("resume-"):
            _resumes(folder, mesh, int(row.removeprefix("resume-")))
            continue
        trainer = train_row(row, folder, mesh)
        weights = trainer.engine.full_state_dict()
        assert bool(weights) is mesh.is_first
        if mesh.is_first:
            torch.save(weights, folder / f"{row}.pt")
            (folder / f"{row}.txt").write_text(reported(trainer))
    leave_process_group()


if __name__ == "__main__":
    with ended_whole():
        main(Path(sys.argv[1]), sys.argv[2:])
