"""Runs that DeepSpeed's launcher starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from deepspeed.launcher.runner import parse_args

from arctic_training.launcher.deepspeed import launch, launch_command, split_flags
from tests.support import RECIPE, Result, python, write


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
    assert read.user_args[:2] == ["r.yaml", "seed=1"]
    assert read.user_args[2].startswith("--run-id=")


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


_WORKER: Final = """
import pathlib, signal, sys, time
heard, name = [], sys.argv[1]
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda sent, _: heard.append(sent))
pathlib.Path(f"ready {name}").touch()
while not heard:
    time.sleep(0.01)
time.sleep(0.3)
sys.stdout.write(" ".join([name, *map(str, map(int, heard))]) + "\\n")  # in one piece
sys.exit(128 + heard[0])
"""
_LAUNCHERS: Final = """
import signal, subprocess, sys
if "deepspeed.launcher.launch" not in sys.argv:  # the first; as DeepSpeed's, it minds no signal
    sys.exit(subprocess.Popen([*sys.orig_argv, "deepspeed.launcher.launch"]).wait())
started = [subprocess.Popen([sys.executable, "-c", sys.argv[1], name]) for name in "ab"]
def end(*_):
    for each in started:
        each.terminate()
    sys.exit(1)
signal.signal(signal.SIGINT, end)
signal.signal(signal.SIGTERM, end)
sys.exit(max(each.wait() for each in started))
"""
_PARENT: Final = """
import sys
from arctic_training.launcher.deepspeed import launch
sys.exit(launch([sys.executable, "-c", *sys.argv[1:]])[0])
"""


def _interrupted(
    command: list[str], folder: Path, number: int, is_ready: Callable[[], bool]
) -> Result:
    """Send a signal, as a terminal does, to the group of a command that is ready for it."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        while not is_ready() and process.poll() is None:
            time.sleep(0.02)
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=90)
    return Result(process.returncode, out, err)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_process_hears_a_signal_once(tmp_path: Path, number: signal.Signals) -> None:
    """Wherever the terminal sends it, the processes alone hear it; their exit code is returned."""
    command = [sys.executable, "-c", _PARENT, _LAUNCHERS, _WORKER]
    ready = [tmp_path / f"ready {name}" for name in "ab"]
    code, out, err = _interrupted(command, tmp_path, number, lambda: all(map(Path.exists, ready)))
    expected = [f"a {number.value}", f"b {number.value}"]
    assert (code, sorted(out.splitlines()), err) == (128 + number, expected, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_before_there_are_processes_the_launcher_is_ended(
    tmp_path: Path, number: signal.Signals
) -> None:
    """A signal that comes while DeepSpeed begins is as any other; nothing is left behind."""
    ready = tmp_path / "ready"
    program = f"import pathlib, time; pathlib.Path({str(ready)!r}).touch(); time.sleep(60)"

    def send() -> None:
        while not ready.exists():
            time.sleep(0.02)
        os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    threading.Thread(target=send, daemon=True).start()
    try:
        ended = launch([sys.executable, "-c", program])
    except KeyboardInterrupt:
        ended = (130, "")
    assert ended == (128 + number, "")
    assert signal.getsignal(number) is before


@pytest.mark.parametrize(
    ("program", "code", "said"),
    [
        ("pass", 0, ""),
        ("raise SystemExit(3)", 3, ""),
        ("raise SystemExit(-9)", 137, "a process was ended by SIGKILL"),
        ("raise SystemExit(75)", 75, "the processes lost each other"),
    ],
)
def test_what_the_processes_cannot_say(program: str, code: int, said: str) -> None:
    """An exit code is passed on; of a signal that DeepSpeed made one of, the name is said."""
    assert launch([sys.executable, "-c", program]) == (code, said)


def test_ctrl_c_ends_a_run_as_it_does_one_process(tmp_path: Path) -> None:
    """One line says how far it came and one what stands, and the code is 130, of both processes."""
    section = "checkpoint: [{type: deepspeed, output_dir: ./runs, save_every_n_steps: 1}]\n"
    write(tmp_path / "tiny.yaml", f"{RECIPE}train_iters: 100000\n{section}")
    command = ("-m", "arctic_training.cli.train", "--launcher", "deepspeed", "--num_gpus", "2")
    code, out, err = _interrupted(
        [sys.executable, *command, "tiny.yaml"],
        tmp_path,
        signal.SIGINT,
        lambda: len([*tmp_path.glob("runs/*_global_step_*")]) > 1,
    )
    assert (code, err) == (130, "")
    told = [line for line in out.splitlines() if line.startswith(("interrupted", "checkpoint: "))]
    ended, saved = told
    assert ended.startswith("interrupted after step ")
    assert (tmp_path / saved.partition(": ")[2]).is_dir()
    assert out.endswith("to resume: the same command with `checkpoint.0.auto_resume=true`\n")


def test_command_trains_in_two_processes(tmp_path: Path) -> None:
    """`--launcher deepspeed --num_gpus 2`, flags first, as ArcticTraining's users type it."""
    write(tmp_path / "tiny.yaml", RECIPE + "train_iters: 2\n")
    command = ("-m", "arctic_training.cli.train", "--launcher", "deepspeed", "--num_gpus", "2")
    code, out, err = python(*command, "tiny.yaml", "seed=7", folder=tmp_path)
    steps = [line.split(" | ")[0] for line in out.splitlines() if line.startswith("step ")]
    assert (code, steps) == (0, ["step 1/2", "step 2/2"]), err
