"""Checkpoints that another number of processes takes over, in DeepSpeed's universal form."""

from __future__ import annotations

import argparse
import contextlib
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import torch
import torch.distributed
from torch import Tensor
from torch.optim import Optimizer

from arctic_training.core.mesh import Mesh
from arctic_training.engines.deepspeed.backend import deepspeed

__all__ = ["MOVED_STATES", "saved_states", "settings_of_each_group", "universal_form"]

_OPTIMIZER: Final = "optimizer_state_dict"
MOVED_STATES: Final = frozenset({"exp_avg", "exp_avg_sq"})
"""States of an optimizer, those of Adam, that DeepSpeed's universal form has a place for."""


def saved_states(checkpoint: Path) -> set[str]:
    """Return the names of the states that the optimizer keeps of each weight, but for its steps.

    Args:
        checkpoint: one of ZeRO stage 1 to 3.

    """
    share = min(checkpoint.glob("*_optim_states.pt"))
    saved = torch.load(share, map_location="cpu", mmap=True, weights_only=False)[_OPTIMIZER]
    base = saved["base_optimizer_state"] if "base_optimizer_state" in saved else saved[_OPTIMIZER]
    return {name for state in base["state"].values() for name in state} - {"step"}


@contextmanager
def universal_form(checkpoint: Path, mesh: Mesh) -> Iterator[Path]:
    """Convert a checkpoint to the form that does not depend on how it was sharded.

    The universal form (Lian et al., 2024) holds each weight and each state of the optimizer whole.
    The first process makes it, beside the checkpoint; it is gone when all have read it.
    """
    folder = checkpoint.with_name(checkpoint.name + ".universal.incomplete")
    if mesh.is_first:
        _convert(checkpoint, folder)
    torch.distributed.barrier()
    yield folder
    torch.distributed.barrier()
    if mesh.is_first:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def settings_of_each_group(optimizer: Optimizer) -> Iterator[None]:
    """Make up for what DeepSpeed does to an optimizer that it loads from the universal form.

    At stage 3 it gives all groups the settings of the first, its weight decay among them, and lets
    all weights count their steps in one tensor, which each of them would advance.
    """
    settings = [
        {name: value for name, value in group.items() if name not in {"params", "lr"}}
        for group in optimizer.param_groups
    ]
    yield
    for group, own in zip(optimizer.param_groups, settings, strict=True):
        group.update(own)
    for state in optimizer.state.values():
        if isinstance(step := state.get("step"), Tensor):
            state["step"] = step.clone()


def _convert(checkpoint: Path, folder: Path) -> None:
    """Convert in this process: its children would begin with what it holds, and hold it too."""
    shutil.rmtree(folder, ignore_errors=True)
    options = argparse.Namespace(
        input_folder=str(checkpoint),
        output_folder=str(folder),
        num_extract_workers=1,
        num_merge_workers=1,
        keep_temp_folder=False,
        strict=True,
        inject_missing_state=True,
    )
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        deepspeed.checkpoint.ds_to_universal.main(options)
    (folder.parent / "latest_universal").unlink()
