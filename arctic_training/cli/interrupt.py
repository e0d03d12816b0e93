"""Ctrl-C: whenever it comes, the process ends with one line and 130."""

from __future__ import annotations

import atexit
import os
import signal
from typing import Final

from arctic_training.core.mesh import Mesh

__all__ = ["INTERRUPTED", "end_at_once", "is_interrupted", "listen"]

INTERRUPTED: Final = 130
"""Exit code of a process that Ctrl-C ended."""


def listen() -> None:
    """Let Ctrl-C raise ``KeyboardInterrupt``, once; again, it ends the process at once.

    Each of several processes may be signalled twice, by the terminal and by the launcher: it gets
    time. So it has when the launcher ends it by SIGTERM, because another one has ended first. Where
    Ctrl-C is ignored, as in the background of a script, it stays so.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _first)
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)  # as the last: Python is gone


def is_interrupted() -> bool:
    """Return whether Ctrl-C came, whatever a library made of the exception."""
    return signal.getsignal(signal.SIGINT) is _again


def end_at_once() -> None:
    """Let Ctrl-C end the process at once from here on: all is done, and Python cleans up."""
    if signal.getsignal(signal.SIGINT) in {_first, _again}:
        signal.signal(signal.SIGINT, _last)


def _first(_number: int, _frame: object) -> None:
    signal.signal(signal.SIGINT, _again)
    if Mesh.of_environment().num_processes > 1:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _again(_number: int, _frame: object) -> None:
    if Mesh.of_environment().num_processes == 1:
        os.write(2, b"interrupted\n")
        os._exit(INTERRUPTED)


def _last(_number: int, _frame: object) -> None:
    os._exit(INTERRUPTED)
