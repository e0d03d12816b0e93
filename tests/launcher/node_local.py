"""What two processes of a test run that have each a folder of their own, as two machines may.

``python -m tests.launcher.node_local FOLDER``; each process writes what it met into ``FOLDER``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import patch

from arctic_training.checkpoint import joint_folder as folder_module
from arctic_training.core.mesh import Mesh
from arctic_training.engines.deepspeed.process_group import leave_process_group
from arctic_training.errors import TrainingError, UnusableRecipeError
from arctic_training.launcher.process_exit import ended_whole
from arctic_training.trainer import trainer as trainer_module
from tests.tiny import HandConfig, HandTrainer, Recorder, hand_config

__all__ = ["config"]


def config(folder: Path, output: Path) -> HandConfig:
    """Return a recipe that saves its one step."""
    source = {"type": "huggingface_instruct", "name_or_path": str(folder / "said.jsonl")}
    saving = {"output_dir": str(output), "save_every_n_steps": 1}
    return hand_config(data={"sources": source}, train_iters=1, checkpoint=saving)


def _met(folder: Path, output: Path) -> str:
    try:
        trainer = HandTrainer(config(folder, output))
        trainer.progress = Recorder()
        trainer.train()
    except (TrainingError, UnusableRecipeError) as error:
        return str(error)
    return "saved"


def main(folder: Path) -> None:
    """Save into one folder, then into two: found at the start, and without that when saving."""
    rank = Mesh.of_environment().rank
    met = [_met(folder, folder / "shared"), _met(folder, folder / f"own-{rank}")]
    with (
        patch.object(trainer_module, "check_shared"),
        patch.object(folder_module, "_PATIENCE", 0.5),
    ):
        met.append(_met(folder, folder / f"late-{rank}"))
    (folder / f"met-{rank}").write_text("\n".join(met))
    leave_process_group()


if __name__ == "__main__":
    with ended_whole():
        main(Path(sys.argv[1]))
