"""Requests to stop."""

from __future__ import annotations

import os
import signal

import pytest
import torch.distributed

from arctic_training.core.mesh import Mesh
from arctic_training.trainer.stop_requests import StopRequests


@pytest.mark.parametrize("others", [[False, True], [False, False]])
def test_processes_agree(others: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    """A SIGTERM that one process got ends all of them: what they do together, they all do."""

    def gather(heard: list[bool], own: object) -> None:
        heard[:] = [bool(own), *others]

    monkeypatch.setattr(torch.distributed, "all_gather_object", gather)
    requests = StopRequests(None, Mesh(0, 3))
    assert requests.is_terminated_anywhere() is any(others)
    if any(others):
        with pytest.raises(SystemExit, match="143"):
            requests.obey()
    else:
        requests.obey()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_noted_and_obeyed_later(number: signal.Signals) -> None:
    """The machine or the terminal is taken away: the run is told, and ends when it has saved."""
    requests = StopRequests(None, Mesh())
    before = signal.getsignal(number)
    with requests.listening():
        os.kill(os.getpid(), number)
        assert (requests.is_requested, str(requests)) == (True, f" by {number.name}")
    assert signal.getsignal(number) is before
    with pytest.raises(SystemExit, match=str(128 + number)):
        requests.obey()


def test_what_is_ignored_stays_ignored() -> None:
    """Under `nohup`, SIGHUP ends no run."""
    requests = StopRequests(None, Mesh())
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with requests.listening():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert not requests.is_requested
