"""Seeds of a run, and deterministic operations."""

from __future__ import annotations

import os
import random

import numpy as np
import torch

from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.mesh import Mesh

__all__ = ["make_deterministic", "seed_everything", "seed_process"]


def seed_process(mesh: Mesh, config: TrainerConfig) -> None:
    """Let each process draw numbers of its own from here on: models are made alike, not masks."""
    if not mesh.is_first:
        seed_everything(config.seed + mesh.rank)


def make_deterministic() -> None:
    """Refuse operations whose results may differ from one time to the next."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(mode=True)
    torch.backends.cudnn.benchmark = False


def seed_everything(seed: int) -> None:
    """Seed the random numbers of Python, NumPy and PyTorch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - libraries draw from the global generator
    torch.manual_seed(seed % 2**64)
