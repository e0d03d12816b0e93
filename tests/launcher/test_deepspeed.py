"""Runs that DeepSpeed's launcher starts."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from deepspeed.launcher.runner import parse_args

from arctic_training.launcher.deepspeed import launch, launch_command, split_flags
from tests.support import RECIPE, python, write


def test_flags_are_told_from_other_words() -> None:
    """Flags of DeepSpeed's launcher go with their values, wherever they stand, in both forms."""
    words = "r.yaml --hostfile hosts epochs=2 --num_nodes=2 --no_ssh --node_rank 0 seed=1".split()
    flags, others = split_flags(words)
    assert flags == ["--hostfile=hosts", "--num_nodes=2", "--no_ssh", "--node_rank=0"]
    assert others == ["r.yaml", "epochs=2", "seed=1"]


def test_every_flag_is_one_of_deepspeed() -> None:
    """DeepSpeed reads the command that is started as it is meant, for one machine or several."""
    words = "--hostfile hosts --include a:0,1@b:0 --master_addr a --master_port 1 --force_multi"
    words += " --exclude c --num_nodes 2 --node_rank 1 --no_ssh --no_ssh_check --save_pid"
    words += " --launcher_args x --ssh_port 22 --venv_script v --bind_cores_to_rank"
    words += " --bind_core_list 0-1 --enable_each_rank_log logs --log_level info"
    flags, others = split_flags(words.split())
    assert others == []
    command = launch_command(["r.yaml", "seed=1"], flags, num_processes=8)
    assert command[:3] == [sys.executable, "-m", "deepspeed.launcher.runner"]
    read = parse_args(command[3:])
    assert (read.hostfile, read.include, read.num_nodes, read.num_gpus) == (
        "hosts",
        "a:0,1@b:0",
        2,
        8,
    )
    assert (read.master_addr, read.master_port, read.node_rank) == ("a", 1, 1)
    assert (read.no_ssh, read.save_pid, read.log_level) == (True, True, "info")
    assert (read.module, read.no_local_rank) == (True, True)
    assert read.user_script == "arctic_training.cli.train"
    assert read.user_args == ["r.yaml", "seed=1"]


def test_runs_of_one_machine_have_ports_of_their_own() -> None:
    """Two runs on one machine do not meet; where others are to find it, DeepSpeed's port stays."""
    ports = {
        flag
        for _ in range(2)
        for flag in launch_command(["r.yaml"], [], num_processes=None)
        if flag.startswith("--master_port")
    }
    assert len(ports) == 2
    several = launch_command(["r.yaml"], ["--hostfile=hosts"], num_processes=None)
    assert not [flag for flag in several if flag.startswith(("--master_port", "--num_gpus"))]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_and_exit_codes_pass_through(tmp_path: Path, number: signal.Signals) -> None:
    """A signal reaches the launcher that was started; its exit code is returned."""
    ready = tmp_path / "ready"
    program = (
        "import pathlib, signal, sys, time\n"
        f"for n in (2, 15): signal.signal(n, lambda sent, _: sys.exit(40 + sent))\n"
        f"pathlib.Path({str(ready)!r}).touch()\n"
        "time.sleep(60)\n"
    )

    def send() -> None:
        while not ready.exists():
            time.sleep(0.02)
        os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    threading.Thread(target=send, daemon=True).start()
    assert launch([sys.executable, "-c", program]) == 40 + number
    assert signal.getsignal(number) is before


def test_command_trains_in_two_processes(tmp_path: Path) -> None:
    """`--launcher deepspeed --num_gpus 2`, flags first, as ArcticTraining's users type it."""
    write(tmp_path / "tiny.yaml", RECIPE + "train_iters: 2\n")
    command = ("-m", "arctic_training.cli.train", "--launcher", "deepspeed", "--num_gpus", "2")
    code, out, err = python(*command, "tiny.yaml", "seed=7", folder=tmp_path)
    steps = [line.split(" | ")[0] for line in out.splitlines() if line.startswith("step ")]
    assert (code, steps) == (0, ["step 1/2", "step 2/2"]), err
