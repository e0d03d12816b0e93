"""The process group of a run, joined through DeepSpeed."""

from __future__ import annotations

import os

import torch
import torch.distributed
from torch._C._distributed_c10d import HashStore

from arctic_training.core.isolated_processes import find_isolation
from arctic_training.core.mesh import Mesh, environment_problem
from arctic_training.diagnostics.plurals import counted
from arctic_training.engines.deepspeed.backend import deepspeed
from arctic_training.errors import TrainingError

__all__ = ["leave_process_group", "start_process_group"]


def start_process_group(mesh: Mesh) -> None:
    """Join the processes of the run; a process that runs alone makes a group of its own.

    Raises:
        TrainingError: there are several, and nothing says where they meet, or the environment of
            this one makes no sense, or each of them would train a separate model.

    """
    if isolation := find_isolation():
        raise TrainingError(isolation.message, hint=isolation.hint)
    if problem := environment_problem():
        raise TrainingError(problem, hint="start with `arctic-train --num-processes N`")
    for variable, value in {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1"}.items():
        os.environ.setdefault(variable, value)
    _refuse_device(deepspeed.accelerator.get_accelerator().device_name())
    if torch.cuda.is_available():
        torch.cuda.set_device(_visible_gpu())
    if not torch.distributed.is_initialized():
        _join(mesh, "nccl" if torch.cuda.is_available() else "gloo")
    deepspeed.init_distributed(verbose=False)


def _refuse_device(name: str) -> None:
    """Raise for a device that cannot compute what training needs.

    Raises:
        TrainingError: it is Apple's, whose GPUs do not compute in float64.

    """
    if name.startswith("mps"):
        message = "MPS is not supported: losses are summed in float64, which it does not have"
        raise TrainingError(message, hint="set DS_ACCELERATOR=cpu to train on the CPU")


def _visible_gpu() -> int:
    """Return the GPU of this process, one for each on a machine.

    Raises:
        TrainingError: there are fewer.

    """
    local_rank, count = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
    if local_rank >= count:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        said = "" if visible is None else f" (CUDA_VISIBLE_DEVICES={visible})"
        raise TrainingError(
            f"LOCAL_RANK is {local_rank}, but {counted(count, 'GPU')} can be used here{said}",
            hint=f"start at most {count} on this machine, or make more GPUs visible",
        )
    return local_rank


def _join(mesh: Mesh, backend: str) -> None:
    if mesh.num_processes == 1:
        torch.distributed.init_process_group(backend, store=HashStore(), rank=0, world_size=1)
    else:
        torch.distributed.init_process_group(backend)


def leave_process_group() -> None:
    """Leave the group when all is done; the processes wait for each other."""
    if torch.distributed.is_initialized() and Mesh.of_environment().num_processes > 1:
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
