"""Requests to stop between two steps: by a signal, by a file, or by an error."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import torch.distributed

from arctic_training.core.mesh import Mesh
from arctic_training.errors import TrainingError

__all__ = ["StopRequests"]

_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)
"""Sent when a job is preempted, or its terminal closes."""


class StopRequests:
    """Notices that a run is to stop.

    Args:
        kill_switch: file that stops the run when it is there.
        mesh: the processes; the first looks for the file, each hears its own signals.

    """

    def __init__(self, kill_switch: Path | None, mesh: Mesh) -> None:
        self._kill_switch = kill_switch if mesh.is_first else None
        self._num_processes = mesh.num_processes
        self._signal = signal.SIGTERM
        self.is_terminated = False
        """Whether SIGTERM came, or SIGHUP."""
        self.failure: TrainingError | None = None
        """Why this process cannot continue, though the run can still be saved."""

    @property
    def is_requested(self) -> bool:
        """Whether this process knows of a reason to stop."""
        is_switched = bool(self._kill_switch and self._kill_switch.exists())
        return self.is_terminated or self.failure is not None or is_switched

    def __str__(self) -> str:
        if self.is_terminated:
            return f" by {self._signal.name}"
        if self.failure:
            return " by an error"
        return f" by {self._kill_switch}" if self.is_requested else ""

    def is_terminated_anywhere(self) -> bool:
        """Return whether a signal came to any process; all have to ask, and obey it from now on."""
        heard = [False] * self._num_processes
        torch.distributed.all_gather_object(heard, self.is_terminated)
        self.is_terminated = any(heard)
        return self.is_terminated

    def is_failing_anywhere(self) -> bool:
        """Return whether any process cannot continue; collective."""
        failing = [False] * self._num_processes
        torch.distributed.all_gather_object(failing, self.failure is not None)
        return any(failing)

    def obey(self) -> None:
        """End the process, if that is what was requested.

        Raises:
            TrainingError: it cannot continue.

        """
        if self.failure:
            raise self.failure
        if self.is_terminated:
            raise SystemExit(128 + self._signal)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note a signal instead of ending by it, as far as this thread may.

        One that is ignored, as SIGHUP is under `nohup`, stays so.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in _SIGNALS}
        heard = {number: known for number, known in before.items() if known is not signal.SIG_IGN}
        for number in heard:
            signal.signal(number, self._terminate)
        try:
            yield
        finally:
            for number, handler in heard.items():
                if signal.getsignal(number) == self._terminate:  # else Ctrl-C has come
                    signal.signal(number, handler)

    def _terminate(self, number: int, _frame: object) -> None:
        self._signal = signal.Signals(number)
        self.is_terminated = True
