"""What two processes of a test run: several optimizer steps on each global batch.

``python -m tests.launcher.inner FOLDER``; the first process writes ``losses-N``, of N inner steps.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from torch import Tensor
from typing_extensions import override

from arctic_training.core.mesh import Mesh
from arctic_training.data.batches import SFTBatch
from arctic_training.engines.deepspeed.process_group import leave_process_group
from arctic_training.launcher.process_exit import ended_whole
from tests.tiny import HandTrainer, Recorder, hand_config

__all__ = ["Declared", "Inner", "losses", "run", "weights_of"]

_MICRO_BATCHES = 4


class Inner(HandTrainer, abstract=True):
    """Takes as many steps on each batch as `max_length` exceeds 500."""

    @property
    def rounds(self) -> int:
        """How often ``step`` calls the base's."""
        return (self.config.data.max_length or 0) - 500

    @override
    def step(self, batch: SFTBatch) -> None:
        for _ in range(self.rounds):
            super().step(batch)


class Declared(Inner, abstract=True):
    """Says so beforehand."""

    @property
    @override
    def inner_steps(self) -> int:
        return self.rounds


def run(folder: Path, inner: int, mesh: Mesh, **changes: object) -> Inner:
    """Train an epoch of two global batches."""
    values: dict[str, object] = {
        "data": {
            "sources": {
                "type": "huggingface_instruct",
                "name_or_path": str(folder / "said.jsonl"),
            },
            "max_length": 500 + inner,
        },
        "gradient_accumulation_steps": _MICRO_BATCHES // mesh.size("data"),
        "optimizer": {"type": "sgd", "learning_rate": 0.1},
        "scheduler": {"name": "linear"},
    }
    trainer = (Declared if inner % 2 else Inner)(hand_config(**(values | changes)))
    trainer.progress = Recorder()
    trainer.train()
    return trainer


def losses(trainer: Inner) -> list[float]:
    """Return the loss of each optimizer step."""
    assert isinstance(trainer.progress, Recorder)
    return [report.loss for report in trainer.progress.reports]


def weights_of(trainer: Inner) -> dict[str, Tensor]:
    """Return the weights; the first process gets them."""
    return trainer.engine.full_state_dict()


def _resumes(folder: Path, mesh: Mesh) -> None:
    """Check that a run that is cut after a step between two inner ones goes on to the same bits."""
    saved = {"output_dir": str(folder / "saved"), "save_every_n_steps": 1}
    whole = run(folder, 2, mesh, noise=True)
    cut = run(folder, 2, mesh, noise=True, checkpoint=saved, exit_iteration=1)
    assert cut.state.global_step == 2
    torch.manual_seed(99)
    resumed = run(folder, 2, mesh, noise=True, checkpoint=saved | {"auto_resume": True})
    assert losses(resumed) == losses(whole)[2:]
    expected = weights_of(whole)
    for name, value in weights_of(resumed).items():
        assert torch.equal(value, expected[name]), name


def main(folder: Path) -> None:
    """Train with one to four inner steps, and resume."""
    mesh = Mesh.of_environment()
    for inner in (1, 2, 3, 4):
        trainer = run(folder, inner, mesh)
        weights = weights_of(trainer)
        if mesh.is_first:
            (folder / f"losses-{inner}").write_text(json.dumps(losses(trainer)))
            torch.save(weights, folder / f"weights-{inner}.pt")
    _resumes(folder, mesh)
    leave_process_group()


if __name__ == "__main__":
    with ended_whole():
        main(Path(sys.argv[1]))
