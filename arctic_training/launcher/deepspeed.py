"""Processes on one machine or several, by DeepSpeed's launcher; its flags are passed on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from arctic_training.launcher.failure_report import PEER_LOST_EXIT_CODE
from arctic_training.launcher.python_path import python_path
from arctic_training.launcher.remote import RUN_ID, RemoteProcesses, exported_environment

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

_OF_A_MACHINE: Final = "deepspeed.launcher.launch"
"""DeepSpeed's launcher of the processes of one machine, which its first one starts."""

_UNREACHABLE: Final = 255
"""Exit code of ssh, and so of pdsh, for its own errors; elsewhere, DeepSpeed's for SIGHUP."""

_ENVIRONMENT: Final = 2
"""Exit code for what is wrong with the environment, not with a recipe."""

_OUT_OF_REACH: Final = "a signal did not reach all hosts: processes there may still be training"

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


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
        own.append("--log_level=critical")
    if not names & _ELSEWHERE:
        own.append(f"--master_port={_free_port()}")
    launcher = [sys.executable, "-m", "deepspeed.launcher.runner", *flags, *own]
    run_id = f"{RUN_ID}{uuid.uuid4().hex}"
    module = ["--no_local_rank", "--module", "arctic_training.cli.train"]
    return [*launcher, *module, *arguments, run_id]


def launch(
    command: Sequence[str], *, source_roots: Sequence[Path] = (), is_remote: bool = False
) -> tuple[int, str]:
    """Run a command that starts the processes; a signal is handed on to each of them, once.

    DeepSpeed's launchers, when Ctrl-C reaches them, end with a traceback and end the processes by
    another signal. So they have a process group of their own, which a terminal does not interrupt.

    Args:
        command: as ``launch_command`` returns it.
        source_roots: folders from which the processes import modules.
        is_remote: whether processes are started on other machines, by ssh.

    Returns:
        The exit code, 128 and the number of a signal that ended a process; and what is to be said
        of it, where the processes cannot say it themselves.

    Raises:
        KeyboardInterrupt: Ctrl-C came before there was a process.

    """
    with exported_environment() as exported:
        environment = os.environ | python_path(source_roots) | exported
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, process_group=0
        )
        signals = _Signals(process.pid)
        with signals.handed_on():
            code = process.wait()
    if signals.remote and signals.remote.is_out_of_reach:
        return 128 + signals.last, _OUT_OF_REACH
    if signal.SIGINT in signals.unheard:
        raise KeyboardInterrupt
    if signals.unheard:
        return 128 + signals.unheard[0], ""
    return _outcome(code, is_remote=is_remote)


class _Signals:
    """Signals to this process, which it hands on to the processes of the run.

    Args:
        launcher: process id of DeepSpeed's launcher, which leads a process group.

    """

    def __init__(self, launcher: int) -> None:
        self._launcher = launcher
        self.last = 0
        """The newest signal."""
        self.unheard: list[int] = []
        """Signals that came where there was no process; such a one ends the launcher."""
        self.remote: RemoteProcesses | None = None
        """The processes on other machines, once a signal was sent to them."""

    @contextmanager
    def handed_on(self) -> Iterator[None]:
        """Hand signals on instead of ending by them; those that are ignored stay ignored."""
        before = {number: signal.getsignal(number) for number in _SIGNALS}
        heeded = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
        try:
            for number in heeded:
                signal.signal(number, self._hand_on)
            yield
        finally:
            for number in heeded:
                signal.signal(number, before[number])

    def _hand_on(self, number: int, _frame: object) -> None:
        self.last = number
        self.remote = self.remote or RemoteProcesses.of_launcher(self._launcher)
        if self.remote and not self.remote.is_out_of_reach:
            self.remote.send(number)
        elif self.remote or not _send(number, _processes(self._launcher)):
            self.unheard.append(number)
            with suppress(ProcessLookupError):
                os.killpg(self._launcher, signal.SIGTERM)


def _send(number: int, processes: Sequence[int]) -> bool:
    """Send a signal to processes; return whether there are any."""
    for each in processes:
        with suppress(ProcessLookupError):
            os.kill(each, number)
    return bool(processes)


def _processes(launcher: int) -> list[int]:
    """Return the ids of the processes of the run on this machine."""
    import psutil

    found = []
    with suppress(psutil.NoSuchProcess):
        for each in psutil.Process(launcher).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                parent = each.parent()
                if parent is not None and _OF_A_MACHINE in parent.cmdline():
                    found.append(each.pid)
    return found


def _outcome(code: int, *, is_remote: bool) -> tuple[int, str]:
    """Read an exit code; DeepSpeed makes one of a signal, -9, which a shell knows as 247."""
    if is_remote and code == _UNREACHABLE:
        return _ENVIRONMENT, "a host cannot be reached, or its connection was lost"
    number = -code if code < 0 else 256 - code
    if code < 0 or number in {*signal.Signals}:
        return 128 + number, f"a process was ended by {signal.Signals(number).name}"
    return code, "the processes lost each other" if code == PEER_LOST_EXIT_CODE else ""


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port
