"""How several processes end."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from arctic_training.launcher.torchrun import launch

_WAITS = "import os, sys, time; rank = int(os.environ['RANK']); time.sleep(0 if rank else 60); "


@pytest.mark.parametrize(
    ("program", "outcome"),
    [
        ("pass", (0, "")),
        (_WAITS + "sys.exit(3)", (3, "")),
        (_WAITS + "os.kill(os.getpid(), 9)", (137, "process 1 of 2 was ended by SIGKILL")),
    ],
)
def test_one_that_fails_ends_all(
    program: str, outcome: tuple[int, str], capfd: pytest.CaptureFixture[str]
) -> None:
    """The run ends with the code of the process that failed, at once, and nothing is printed."""
    began = time.monotonic()
    assert launch(["-c", program], num_processes=2) == outcome
    assert time.monotonic() - began < 30
    assert tuple(capfd.readouterr()) == ("", "")


_TAKES_DOWN = """
import os, pathlib, signal, sys, time
place = pathlib.Path(sys.argv[1], os.environ["RANK"])
def end(number, frame):
    place.write_text(str(number))
    sys.exit(128 + number)
signal.signal(signal.SIGINT, end)
signal.signal(signal.SIGTERM, end)
place.write_text("ready")
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_reach_all(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM reach every process, which ends in its own way."""
    before = signal.getsignal(number)

    def send() -> None:
        while [path.read_text() for path in tmp_path.iterdir()] != ["ready", "ready"]:
            time.sleep(0.05)
        os.kill(os.getpid(), number)

    threading.Thread(target=send, daemon=True).start()
    assert launch(["-c", _TAKES_DOWN, str(tmp_path)], num_processes=2) == (128 + number, "")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "0": str(int(number)),
        "1": str(int(number)),
    }
    assert signal.getsignal(number) is before


def test_what_is_ignored_is_not_handed_on() -> None:
    """Under `nohup`, processes train on when the terminal goes: torchrun would end them."""
    program = "import os, signal, time; os.kill(os.getppid(), signal.SIGHUP); time.sleep(1)"
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert launch(["-c", program], num_processes=1) == (0, "")
    finally:
        signal.signal(signal.SIGHUP, before)
