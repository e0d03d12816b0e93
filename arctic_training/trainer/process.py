"""The process that trains: its group and its seeds."""

from __future__ import annotations

from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.mesh import Mesh
from arctic_training.core.seeding import make_deterministic, seed_everything
from arctic_training.engines.deepspeed.process_group import start_process_group

__all__ = ["prepare_process"]


def prepare_process(mesh: Mesh, config: TrainerConfig) -> None:
    """Join the other processes, and make what is computed from here on the recipe's alone."""
    if config.deterministic:
        make_deterministic()
    start_process_group(mesh)
    seed_everything(config.seed)
