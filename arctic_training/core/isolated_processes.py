"""Processes that would each train a model of their own although they were started as one run.

Slurm, MPI and Kubernetes start a command several times. Without the variables that
torch.distributed reads (``RANK``, ``WORLD_SIZE``), the copies know nothing of each other.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from arctic_training.core.mesh import integer_variable
from arctic_training.core.task_manager import TASK_MANAGERS, TaskManager

__all__ = ["Isolation", "find_isolation"]

_MADE_UP: Final = re.compile("none|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Run ids of torchrun where ``--rdzv-id`` is not given: no other agent can have joined."""


@dataclass(frozen=True, slots=True)
class Isolation:
    """Why a process would train alone although it is one of several, and what to type instead."""

    message: str
    hint: str
    is_first: bool = True
    """Whether this task is the one to report it for all."""


def find_isolation(
    words: Sequence[str] = ("RECIPE",), *, own_processes: str = ""
) -> Isolation | None:
    """Return why this process would not train the model that its siblings train, or None.

    ``RANK=0 WORLD_SIZE=1`` in the environment says that each is to train a model of its own.

    Args:
        words: recipe and overrides, for the command that the hint proposes.
        own_processes: how many processes this one is about to start and to train with, a number
            or ``gpu`` for all accelerators; empty if it trains itself.

    """
    for manager in TASK_MANAGERS:
        if manager.num_tasks > 1:
            return _isolated_task(manager, shlex.join(words), own_processes)
    return _isolated_pod(shlex.join(words), own_processes)


def _isolated_task(manager: TaskManager, words: str, own_processes: str) -> Isolation | None:
    if _is_lone_agent():
        why = "but each runs a torchrun of one node"
        remedy = manager.torchrun_command(os.environ.get("LOCAL_WORLD_SIZE", "1"), words)
    elif own_processes and not _is_alone_on_purpose():
        why = "and each starts a process group"
        remedy = manager.torchrun_command(own_processes, words)
    elif "WORLD_SIZE" not in os.environ:
        why = "but RANK and WORLD_SIZE are not set"
        remedy = manager.group_command(words)
    else:
        return None
    number = manager.num_tasks
    return Isolation(
        f"{manager.name} started {number} tasks of this command, {why}: "
        "each would train a separate model",
        f"run `{remedy}`; on one machine, `arctic-train --num-processes {number} {words}` "
        "without the task launcher is enough",
        manager.is_first_task,
    )


def _isolated_pod(words: str, own_processes: str) -> Isolation | None:
    """Return the same for pods, which ``PET_*`` (of Kubeflow, for torchrun) or a group numbers."""
    pods = _pods()
    size = integer_variable("WORLD_SIZE", 1)
    torchrun = f"run `torchrun -m arctic_training.cli.train {words}`, which reads PET_*"
    if own_processes and (size > 1 or (pods > 1 and not _is_alone_on_purpose())):
        said = f"PET_NNODES is {pods}" if pods > 1 else f"WORLD_SIZE is {size}"
        leave = f"run `arctic-train {words}` in each process, without options that start others"
        return Isolation(
            f"{said}: this is one of several processes, and each starts a process group: "
            "each would train a separate model",
            torchrun if pods > 1 else leave,
        )
    if pods > 1 and ("WORLD_SIZE" not in os.environ or _is_lone_agent()):
        return Isolation(
            f"PET_NNODES is {pods}, but this process is in a group of its own pod: "
            "each pod would train a separate model",
            torchrun,
        )
    per_pod = integer_variable("PET_NPROC_PER_NODE", 1)
    if per_pod > 1 and size > 1 and "LOCAL_RANK" not in os.environ:
        return Isolation(
            f"PET_NPROC_PER_NODE is {per_pod}, but this is the only process of its pod: "
            "it would wait for the others for ever",
            torchrun,
        )
    return None


def _pods() -> int:
    """Return how many pods, at most, ``PET_NNODES`` says; it may be a range, such as ``1:4``."""
    most = os.environ.get("PET_NNODES", "").rpartition(":")[2]
    return int(most) if most.isdecimal() else 1


def _is_lone_agent() -> bool:
    """Return whether torchrun started this process without another agent to meet."""
    run = os.environ.get("TORCHELASTIC_RUN_ID")
    is_one = integer_variable("GROUP_WORLD_SIZE", 1) == 1
    return run is not None and is_one and bool(_MADE_UP.fullmatch(run))


def _is_alone_on_purpose() -> bool:
    return os.environ.get("WORLD_SIZE") == "1" and "TORCHELASTIC_RUN_ID" not in os.environ
