"""What the processes of a test save and take over, when another number of them goes on.

``python -m tests.launcher.shares FOLDER STAGE...`` goes on from what one process saved, and saves
what one process is to go on from.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from arctic_trainers.sft import SFTTrainer
from arctic_training.core.mesh import Mesh
from arctic_training.engines.deepspeed.process_group import leave_process_group
from arctic_training.launcher.process_exit import ended_whole
from tests.tiny import Recorder, sft_config

__all__ = ["SAVED", "STEPS", "losses", "train"]

STEPS = 6
SAVED = 2
_MICRO_BATCHES = 4
_ADAPTER = {"dtype": "fp32", "peft_config": {"peft_type": "LORA", "r": 2}}


def train(folder: Path, stage: int, *, saved_by: int = 0, dtype: str = "fp32") -> SFTTrainer:
    """Train the small model; from a checkpoint of so many processes on, or else save one."""
    mesh = Mesh.of_environment()
    output = folder / f"of-{saved_by or mesh.num_processes}-{stage}-{dtype}"
    config = sft_config(
        model=_ADAPTER if dtype == "lora" else {"dtype": dtype},
        data={
            "sources": {"type": "huggingface_instruct", "name_or_path": str(folder / "said.jsonl")}
        },
        micro_batch_size=1,
        gradient_accumulation_steps=_MICRO_BATCHES // mesh.size("data"),
        epochs=2,
        deepspeed={"zero_optimization": {"stage": stage}},
        optimizer={"learning_rate": 0.01, "eps": 1e-3},
        checkpoint={
            "type": "deepspeed",
            "output_dir": str(output),
            "auto_resume": bool(saved_by),
            "save_every_n_steps": 0 if saved_by else SAVED,
            "keep_last": 0,
        },
        exit_iteration=0 if saved_by else SAVED,
    )
    trainer = SFTTrainer(config)
    trainer.progress = Recorder()
    trainer.train()
    return trainer


def losses(trainer: SFTTrainer) -> list[float]:
    """Return the losses of a run."""
    assert isinstance(trainer.progress, Recorder)
    return [report.loss for report in trainer.progress.reports]


def main(folder: Path, stages: list[str]) -> None:
    """Go on, and save."""
    for stage, _, dtype in (text.partition("-") for text in stages):
        taken = train(folder, int(stage), saved_by=1, dtype=dtype)
        train(folder, int(stage), dtype=dtype)
        if Mesh.of_environment().is_first:
            (folder / f"losses-{stage}-{dtype}").write_text(json.dumps(losses(taken)))
    leave_process_group()


if __name__ == "__main__":
    with ended_whole():
        main(Path(sys.argv[1]), sys.argv[2:])
