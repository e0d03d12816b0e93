"""The process group and the seeds."""

from __future__ import annotations

import os
import random

import numpy as np
import torch
import torch.distributed
from torch._C._distributed_c10d import HashStore

from arctic_training.errors import TrainingError
from arctic_training.trainer.backend import deepspeed

__all__ = ["seed_everything", "start_process_group"]


def start_process_group() -> None:
    """Make this process a process group of its own, unless it is in one already.

    Raises:
        TrainingError: the process is one of several.

    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        message = "training with several processes is not supported yet"
        raise TrainingError(message, hint="start `arctic-train` alone, without a launcher")
    for variable, value in {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1"}.items():
        os.environ.setdefault(variable, value)
    if not torch.distributed.is_initialized():
        store = HashStore()
        backend = "nccl" if torch.cuda.is_available() else "gloo"
        torch.distributed.init_process_group(backend, store=store, rank=0, world_size=1)
    deepspeed.init_distributed(verbose=False)


def seed_everything(seed: int) -> None:
    """Seed the random numbers of Python, NumPy and PyTorch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - libraries draw from the global generator
    torch.manual_seed(seed)
