"""DeepSpeed, imported in the one way that is quiet and compiles nothing; transformers, quiet.

Import ``deepspeed`` from here. Its choice of accelerator is settled first: left to itself it says
that it falls back to the CPU. Its shared-memory reduction, which it would build with a C++
compiler at the first start of a process group, is left out; gloo serves instead. So are the
compilers that it starts to learn which of its operations could be built, the first time it looks
for that reduction; and MLflow, which its autotuner imports wherever it is installed, for over a
second at every start.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["deepspeed", "enable_deepspeed_logging"]


@contextmanager
def _without(module: str) -> Iterator[None]:
    """Let imports of a module that is not loaded yet fail, as if it were not installed."""
    if is_new := module not in sys.modules:
        sys.modules[module] = None  # type: ignore[assignment]  # what the import system documents
    try:
        yield
    finally:
        if is_new:
            del sys.modules[module]


if not torch.accelerator.is_available():
    os.environ.setdefault("DS_ACCELERATOR", "cpu")

with warnings.catch_warnings(), _without("mlflow"):
    warnings.simplefilter("ignore")
    import deepspeed
    from deepspeed.utils import logger
    from transformers.utils.logging import disable_progress_bar

# Each step of ZeRO stage 3 calls functions that PyTorch is about to rename.
warnings.filterwarnings("ignore", r"`torch\.distributed\.", FutureWarning)
disable_progress_bar()
logger.setLevel("ERROR")
deepspeed.ops.__compatible_ops__ = {"deepspeed_shm_comm": False}


def enable_deepspeed_logging() -> None:
    """Show what DeepSpeed tells from here on: it has a line of its own for a step."""
    logger.setLevel("INFO")
