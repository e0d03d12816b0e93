"""Ctrl-C, in a process of its own, whenever it comes."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

_COMMAND = """
import atexit, time
import click
from arctic_training.cli.output import run

def wait(*_):
    print("waiting", flush=True)
    for _ in range(600):  # Python 3.14 sees what comes before a call begins when it has ended
        time.sleep(0.1)

@click.command("waits")
def command():
    {body}

run(command)
"""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("wait()", "\ninterrupted\n"),
        ("try: wait()\n    except BaseException: raise ImportError", "interrupted\n"),
        ("try: wait()\n    except BaseException: raise SystemExit(130)", ""),
        ("atexit.register(wait)", ""),
        ("import threading; threading.Thread(target=time.sleep, args=(1,)).start(); wait()", None),
    ],
    ids=["at work", "in a library", "told already", "at the end", "beside a thread"],
)
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_ends_with_130(body: str, said: str | None, times: int) -> None:
    """Ctrl-C ends a command with 130 and one line at most, never a traceback; pressed again too."""
    process = subprocess.Popen(
        [sys.executable, "-c", _COMMAND.format(body=body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        for _ in range(times):
            process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert err.count("interrupted") <= times
    if times == 1 and said is not None:
        assert err == said
