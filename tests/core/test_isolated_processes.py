"""Tasks of one run that do not know of each other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from arctic_training.core.isolated_processes import find_isolation
from arctic_training.core.mesh import Mesh
from arctic_training.engines.deepspeed.process_group import start_process_group
from arctic_training.errors import TrainingError
from tests.support import RECIPE, arctic_train, write

_STEP: Final = {"SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "0"}
_MPI: Final = {"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"}
_PMI: Final = {"PMI_SIZE": "2", "PMI_RANK": "0"}
_MVAPICH: Final = {"MV2_COMM_WORLD_SIZE": "2", "MV2_COMM_WORLD_RANK": "0"}
_JOB: Final = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "2", "SLURM_PROCID": "0"}
_GROUP: Final = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1"}
_AGENT: Final = {"TORCHELASTIC_RUN_ID": "42", "GROUP_WORLD_SIZE": "2", **_GROUP}
_LONE: Final = _AGENT | {
    "TORCHELASTIC_RUN_ID": "3b0e9b5e-6d2c-4a51-8f4e-0a0d3f6f0b11",
    "GROUP_WORLD_SIZE": "1",
}
_ELASTIC: Final = _LONE | {"TORCHELASTIC_RUN_ID": "42"}
_OURS: Final = _LONE | {"TORCHELASTIC_RUN_ID": "3b0e9b5e6d2c4a518f4e0a0d3f6f0b11"}
_ALONE: Final = {"RANK": "0", "WORLD_SIZE": "1"}
_PODS: Final = {"PET_NNODES": "2", "PET_NPROC_PER_NODE": "1"}
_WIDE_PODS: Final = {"PET_NNODES": "2", "PET_NPROC_PER_NODE": "2", "RANK": "0", "WORLD_SIZE": "4"}


def _set(environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an environment say these things of launchers, and no others."""
    prefixes = ("SLURM_", "OMPI_", "PMI_", "MV2_", "PET_", "TORCHELASTIC_", "GROUP_")
    for name in list(os.environ):
        if name.startswith(prefixes) or name in _GROUP:
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("environment", "own_processes", "is_isolated"),
    [
        ({}, "", False),
        ({}, "2", False),
        (_STEP, "", True),
        (_MPI, "", True),
        (_PMI, "", True),
        (_MVAPICH, "", True),
        (_STEP, "2", True),
        (_MPI, "gpu", True),
        (_STEP | {"SLURM_STEP_NUM_TASKS": "1"}, "", False),
        (_STEP | {"SLURM_STEP_NUM_TASKS": "1"}, "2", False),
        (_MPI | {"OMPI_COMM_WORLD_SIZE": "1"}, "2", False),
        (_JOB, "", False),
        (_JOB, "2", False),
        (_JOB | {"SLURM_STEP_NUM_TASKS": "2"}, "", False),
        (_STEP | _GROUP, "", False),
        (_STEP | _GROUP, "2", True),
        (_MPI | _GROUP, "", False),
        (_STEP | _AGENT, "", False),
        (_STEP | _LONE, "", True),
        (_STEP | _ELASTIC, "", False),
        (_STEP | _OURS, "", False),
        (_STEP | _ALONE, "", False),
        (_STEP | _ALONE, "2", False),
        (_LONE, "", False),
        (_GROUP, "", False),
        (_GROUP, "2", True),
        (_PODS, "", True),
        (_PODS, "2", True),
        (_PODS | {"PET_NNODES": "1:2"}, "", True),
        (_PODS | {"PET_NNODES": "1"}, "2", False),
        (_PODS | {"PET_NNODES": ""}, "", False),
        (_PODS | _GROUP, "", False),
        (_PODS | _GROUP, "2", True),
        (_PODS | _AGENT, "", False),
        (_PODS | _LONE, "", True),
        (_PODS | _ALONE, "", False),
        (_WIDE_PODS, "", True),
        (_WIDE_PODS | {"LOCAL_RANK": "0"}, "", False),
    ],
)
def test_a_task_without_a_group_is_refused(
    environment: dict[str, str],
    own_processes: str,
    is_isolated: bool,  # noqa: FBT001 - a row of the table
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A step, not a job, says that there are siblings; who has joined them, or is one, may train.

    ``RANK=0 WORLD_SIZE=1`` in each task is how somebody asks for a model of each.
    """
    _set(environment, monkeypatch)
    assert bool(find_isolation(own_processes=own_processes)) is is_isolated


def test_a_trainer_made_in_python_is_refused_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process group is not begun, so that nothing is prepared for a run of its own."""
    _set(_STEP, monkeypatch)
    with pytest.raises(TrainingError, match="Slurm started 2 tasks of this command") as raised:
        start_process_group(Mesh())
    assert "--num-processes 2" in raised.value.hint


@pytest.mark.parametrize("rank", ["0", "1"])
def test_the_first_task_says_so_for_all(
    rank: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every task ends with 2, before the recipe is checked; one of them gives the reason."""
    _set(_MPI | {"OMPI_COMM_WORLD_RANK": rank}, monkeypatch)
    write(tmp_path / "r.yaml", RECIPE)
    code, out, err = arctic_train("r.yaml", "seed=7", folder=tmp_path)
    assert (code, out) == (2, "")
    assert err.startswith("error: Open MPI started 2 tasks" if rank == "0" else "")
    assert ("arctic-train --num-processes 2 r.yaml seed=7" in err) is (rank == "0")


_SAYS_GROUP: Final = """\
#!{python}
import os, sys
names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
print(*[os.environ.get(name, "") for name in names], *sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("environment", "own_processes", "expected"),
    [
        (_STEP, "", "1 2 0 10.0.0.1 29500 r.yaml name=a b"),
        (_MPI, "", "1 2 0 here 29500 r.yaml name=a b"),
        (
            _STEP,
            "4",
            (
                "     --nnodes=2 --node-rank=1 --nproc-per-node=4 --master-addr=10.0.0.1 "
                "--master-port=29500 -m arctic_training.cli.train r.yaml name=a b"
            ),
        ),
    ],
)
def test_the_command_of_the_hint_forms_a_group(
    environment: dict[str, str],
    own_processes: str,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a shell makes of it in the second task gives each process its rank and the address."""
    _set(environment, monkeypatch)
    found = find_isolation(["r.yaml", "name=a b"], own_processes=own_processes)
    assert found is not None
    for name in ("arctic-train", "torchrun"):
        write(tmp_path / name, _SAYS_GROUP.format(python=sys.executable)).chmod(0o755)
    for name in ("srun", "mpirun"):
        write(tmp_path / name, '#!/bin/sh\nwhile [ "$1" != sh ]; do shift; done\nexec "$@"\n')
        (tmp_path / name).chmod(0o755)
    write(tmp_path / "hostname", "#!/bin/sh\necho here\n").chmod(0o755)
    task = {"SLURM_LAUNCH_NODE_IPADDR": "10.0.0.1", "SLURM_LOCALID": "0"}
    task |= {"SLURM_PROCID": "1", "OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_LOCAL_RANK": "0"}
    done = subprocess.run(
        ["/bin/sh", "-c", found.hint.split("`")[1]],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"} | environment | task,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert done.stdout.rstrip("\n") == expected
