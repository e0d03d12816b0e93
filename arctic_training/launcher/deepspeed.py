"""Processes on one machine or several, by DeepSpeed's launcher; its flags are passed on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from arctic_training.launcher.python_path import python_path

__all__ = ["launch", "launch_command", "split_flags"]

_WITH_VALUE: Final = frozenset(
    {
        "--bind_core_list",
        "--enable_each_rank_log",
        "--exclude",
        "--hostfile",
        "--include",
        "--launcher_args",
        "--log_level",
        "--master_addr",
        "--master_port",
        "--node_rank",
        "--num_nodes",
        "--ssh_port",
        "--venv_script",
    }
)
_WITHOUT_VALUE: Final = frozenset(
    {"--bind_cores_to_rank", "--force_multi", "--no_ssh", "--no_ssh_check", "--save_pid"}
)
_ELSEWHERE: Final = {"--hostfile", "--master_port", "--num_nodes"}
"""Flags that mean that processes may meet on another machine, or say where."""


def split_flags(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Tell the flags of DeepSpeed's launcher, with their values, from the other words.

    Raises:
        ValueError: a flag has no value.

    """
    flags: list[str] = []
    others: list[str] = []
    left = iter(words)
    for word in left:
        name, _, value = word.partition("=")
        if name in _WITHOUT_VALUE or (name in _WITH_VALUE and value):
            flags.append(word)
        elif name in _WITH_VALUE:
            if (following := next(left, None)) is None:
                raise ValueError(f"{name} needs a value")
            flags.append(f"{name}={following}")
        else:
            others.append(word)
    return flags, others


def launch_command(
    arguments: Sequence[str], flags: Sequence[str], *, num_processes: int | None
) -> list[str]:
    """Return the command that has DeepSpeed run ``arctic-train``.

    Args:
        arguments: those of ``arctic-train``.
        flags: those of DeepSpeed's launcher.
        num_processes: on each machine; without it, one for each accelerator.

    """
    own = [] if num_processes is None else [f"--num_gpus={num_processes}"]
    names = {flag.partition("=")[0] for flag in flags}
    if "--log_level" not in names:
        own.append("--log_level=error")
    if not names & _ELSEWHERE:
        own.append(f"--master_port={_free_port()}")
    launcher = [sys.executable, "-m", "deepspeed.launcher.runner", *flags, *own]
    return [*launcher, "--no_local_rank", "--module", "arctic_training.cli.train", *arguments]


def launch(command: Sequence[str], *, source_roots: Sequence[Path] = ()) -> int:
    """Run a command that starts the processes; signals are handed on to it.

    Args:
        command: as ``launch_command`` returns it.
        source_roots: folders from which the processes import modules.

    Returns:
        Its exit code; 128 and the number of a signal that ended it.

    """
    process = subprocess.Popen(command, env=os.environ | python_path(source_roots))
    before = {
        number: signal.signal(number, lambda sent, _: process.send_signal(sent))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        code = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 128 - code if code < 0 else code


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port
