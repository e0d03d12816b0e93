"""Programs that start parallel tasks, and the variables by which each numbers its tasks."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from typing import Final

from arctic_training.core.mesh import integer_variable

__all__ = ["TASK_MANAGERS", "TaskManager"]

_PORT: Final = 29500


@dataclass(frozen=True, slots=True)
class TaskManager:
    """A program that starts parallel tasks; ``size``, ``rank`` and so on name its variables."""

    name: str
    start: str
    """Command that starts ``{}`` tasks."""

    size: str
    rank: str
    local_rank: str
    address: str = "$MASTER_ADDR"
    """Where the first task can be reached, as the shell of a task reads it."""

    step: str = ""
    """Variable of tasks alone; without it, ``size`` is that of a job, not of its tasks."""

    @property
    def num_tasks(self) -> int:
        """How many tasks this process is one of; 1 if it is none."""
        is_task = not self.step or self.step in os.environ
        return integer_variable(self.size, 1) if is_task else 1

    @property
    def is_first_task(self) -> bool:
        """Whether this process is the first of its tasks."""
        return integer_variable(self.rank, 0) == 0

    def group_command(self, words: str) -> str:
        """Return a command that makes its tasks one process group."""
        variables = {
            "RANK": f"${self.rank}",
            "WORLD_SIZE": f"${self.size}",
            "LOCAL_RANK": f"${self.local_rank}",
            "MASTER_ADDR": self.address,
            "MASTER_PORT": _PORT,
        }
        settings = " ".join(f"{name}={value}" for name, value in variables.items())
        return self._started(f"export {settings}; exec arctic-train {words}")

    def torchrun_command(self, processes: str, words: str) -> str:
        """Return a command whose tasks each start that number of processes in one group."""
        nodes = f"--nnodes=${self.size} --node-rank=${self.rank} --nproc-per-node={processes}"
        meeting = f"--master-addr={self.address} --master-port={_PORT}"
        return self._started(
            f"exec torchrun {nodes} {meeting} -m arctic_training.cli.train {words}"
        )

    def _started(self, script: str) -> str:
        return f"{self.start.format(self.num_tasks)} sh -c {shlex.quote(script)}"


TASK_MANAGERS: Final = (
    TaskManager(
        name="Slurm",
        start="srun -n{}",
        size="SLURM_STEP_NUM_TASKS",
        rank="SLURM_PROCID",
        local_rank="SLURM_LOCALID",
        address="$SLURM_LAUNCH_NODE_IPADDR",
        step="SLURM_STEP_ID",
    ),
    TaskManager(
        name="Open MPI",
        start="MASTER_ADDR=$(hostname) mpirun -np {} -x MASTER_ADDR",
        size="OMPI_COMM_WORLD_SIZE",
        rank="OMPI_COMM_WORLD_RANK",
        local_rank="OMPI_COMM_WORLD_LOCAL_RANK",
    ),
    TaskManager(
        name="MVAPICH",
        start="MASTER_ADDR=$(hostname) mpiexec -n {}",
        size="MV2_COMM_WORLD_SIZE",
        rank="MV2_COMM_WORLD_RANK",
        local_rank="MV2_COMM_WORLD_LOCAL_RANK",
    ),
    TaskManager(
        name="MPI",
        start="MASTER_ADDR=$(hostname) mpiexec -n {}",
        size="PMI_SIZE",
        rank="PMI_RANK",
        local_rank="MPI_LOCALRANKID",
    ),
)
