"""Several processes on this machine, by torchrun: PyTorch's own launcher, used as a library."""

from __future__ import annotations

import logging
import os
import signal
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from arctic_training.launcher.failure_report import PEER_LOST_EXIT_CODE
from arctic_training.launcher.python_path import python_path

__all__ = ["launch"]

_GRACE: Final = 120
"""Seconds that processes have to save and end before they are killed."""

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


def launch(
    command: Sequence[str], *, num_processes: int, source_roots: Sequence[Path] = ()
) -> tuple[int, str]:
    """Run a command of this Python in several processes, which form one group.

    When one fails, all are ended. A signal to this process is handed on to all of them.

    Args:
        command: the arguments after ``python``.
        num_processes: how many run it.
        source_roots: folders from which they, and what they start, import modules.

    Returns:
        The exit code of the first that failed, or 0; and what is to be said of it, where the
        processes cannot say it themselves.

    """
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    for name in [name for name in logging.root.manager.loggerDict if "torch.distributed" in name]:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    _prepare_environment(num_processes, source_roots)
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=num_processes,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
        shutdown_timeout=_GRACE,
        signals_to_handle=",".join(_heard()),
    )
    try:
        with _own_signals():
            elastic_launch(config, sys.executable)(*command)
    except ChildFailedError as error:
        codes = {rank: failure.exitcode for rank, failure in error.failures.items()}
        return _outcome(codes, num_processes)
    except SignalException as error:
        return 128 + error.sigval, ""
    return 0, ""


def _heard() -> Iterator[str]:
    """Iterate over the signals to hand on: SIGHUP is none under `nohup`, nor Ctrl-C behind `&`."""
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            yield number.name


def _prepare_environment(num_processes: int, source_roots: Sequence[Path]) -> None:
    """Let the processes share the cores, and find the user's modules."""
    threads = max(1, (os.cpu_count() or 1) // num_processes)
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    os.environ.update(python_path(source_roots))


@contextmanager
def _own_signals() -> Iterator[None]:
    """Give signals back to whoever handled them before."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _outcome(codes: dict[int, int], num_processes: int) -> tuple[int, str]:
    """Read exit codes by rank; negative ones are signals, of which SIGTERM is the launcher's."""
    killed = {rank: -code for rank, code in codes.items() if code < 0}
    for rank, number in killed.items():
        if number != signal.SIGTERM or len(killed) == len(codes):
            name = signal.Signals(number).name
            return 128 + number, f"process {rank} of {num_processes} was ended by {name}"
    code = next(code for code in codes.values() if code > 0)
    return code, "the processes lost each other" if set(codes.values()) == {
        PEER_LOST_EXIT_CODE
    } else ""
