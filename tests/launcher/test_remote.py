"""Runs on several hosts, which DeepSpeed's launcher starts by pdsh and ssh."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest

from arctic_training.launcher.deepspeed import launch
from arctic_training.launcher.hostfile import hostfile_problem, uses_ssh
from arctic_training.launcher.remote import exported_environment
from tests.support import RECIPE, arctic_train, write

_PDSH: Final = """\
#!{python}
import subprocess, sys
words = sys.argv[1:]
hosts = words[words.index("-w") + 1].split(",")
command = " ".join(words[words.index("-w") + 2 :])
shells = [["setsid", "sh", "-c", command.replace("%n", str(n))] for n in range(len(hosts))]
started = [subprocess.Popen(shell) for shell in shells]
sys.exit(max(each.wait() for each in started))
"""
_RUNNER: Final = """\
import os, subprocess, sys
command = ["export A=1;", f"cd {os.getcwd()};", sys.executable, "-u", "-m"]
command += ["deepspeed.launcher.launch", "--world_info=x", "--node_rank=%n", "--run-id=of-this-run"]
sys.exit(subprocess.Popen(["pdsh", "-S", "-f", "8", "-w", "a,b", *command]).wait())
"""
_HOST: Final = """\
import subprocess, sys
program = [sys.executable, "-u", "worker.py", *sys.argv]
code = subprocess.Popen(program).wait()
sys.exit(code)
"""
_WORKER: Final = """\
import pathlib, signal, sys, time
name = next(word for word in sys.argv if word.startswith("--node_rank="))
def end(number, frame):
    pathlib.Path(f"heard {name}").write_text(str(number))
    sys.exit(128 + number)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, end)
pathlib.Path(f"ready {name}").touch()
time.sleep(120)
"""
_PARENT: Final = """\
import sys
from arctic_training.launcher.deepspeed import launch
code, message = launch([sys.executable, "runner.py"], is_remote=True)
sys.stdout.write(message)
sys.exit(code)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/cmdline"), reason="needs /proc")  # noqa: PTH110
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_reaches_the_processes_of_all_hosts(
    tmp_path: Path, number: signal.Signals
) -> None:
    """Each process hears the signal itself and ends in its own way; its exit code is returned.

    The processes are in sessions of their own, as those that sshd starts are.
    """
    write(tmp_path / "bin/pdsh", _PDSH.format(python=sys.executable)).chmod(0o755)
    write(tmp_path / "runner.py", _RUNNER)
    write(tmp_path / "worker.py", _WORKER)
    write(tmp_path / "deepspeed/__init__.py", "")
    write(tmp_path / "deepspeed/launcher/__init__.py", "")
    write(tmp_path / "deepspeed/launcher/launch.py", _HOST)
    environment = os.environ | {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    ready = [tmp_path / f"ready --node_rank={host}" for host in range(2)]
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        while not all(map(Path.exists, ready)) and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(number)
        out, _ = process.communicate(timeout=90)
    heard = sorted(path.name for path in tmp_path.glob("heard *"))
    assert (process.returncode, out) == (128 + number, "")
    assert heard == ["heard --node_rank=0", "heard --node_rank=1"]


@pytest.mark.parametrize(
    ("code", "is_remote", "expected"),
    [
        (255, True, (2, "a host cannot be reached, or its connection was lost")),
        (255, False, (129, "a process was ended by SIGHUP")),
        (247, True, (137, "a process was ended by SIGKILL")),
        (1, True, (1, "")),
    ],
)
def test_what_an_exit_code_of_ssh_means(
    *, code: int, is_remote: bool, expected: tuple[int, str]
) -> None:
    """Ssh ends with 255 where it cannot connect: over hosts, that is no signal."""
    command = [sys.executable, "-c", f"raise SystemExit({code})"]
    assert launch(command, is_remote=is_remote) == expected


_SSH: Final = """\
#!/bin/sh
case "$*" in *here*) exit 0;; esac
echo 'ssh: Connection refused' >&2
exit 255
"""
_TEXTS: Final = {
    "none": ("# a comment\n", "names no host"),
    "words": ("a slots=1\nb two\n", ":2: `b two` is not a host"),
    "twice": ("a slots=1\n\na slots=2\n", ":3: duplicate host `a`"),
}


@pytest.mark.parametrize("name", _TEXTS)
def test_a_hostfile_is_checked_before_it_is_used(name: str, tmp_path: Path) -> None:
    """DeepSpeed would end with a traceback; the line is named."""
    text, said = _TEXTS[name]
    message, hint = hostfile_problem([f"--hostfile={write(tmp_path / name, text)}"])
    assert said in message
    assert "HOST slots=NUMBER" in hint or "slots" in hint


def test_a_missing_hostfile_is_not_one_machine(tmp_path: Path) -> None:
    """DeepSpeed would train on this machine alone, without a word."""
    write(tmp_path / "r.yaml", RECIPE)
    code, out, err = arctic_train("r.yaml", "--hostfile", "hsots", folder=tmp_path)
    assert (code, out) == (2, "")
    assert err.startswith("error: hostfile `hsots` not found")
    assert hostfile_problem(["--num_nodes=2"])[0] == "--num_nodes is 2, but no hosts are given"
    assert hostfile_problem(["--num_nodes=1"]) == ("", "")


def test_hosts_out_of_reach_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ssh says of each is said before anything is started: the others would wait for it."""
    bin_ = tmp_path / "bin"
    write(bin_ / "ssh", _SSH).chmod(0o755)
    write(bin_ / "pdsh", "#!/bin/sh\nexit 1\n").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}{os.pathsep}{os.environ['PATH']}")
    hosts = write(tmp_path / "hosts", "here slots=1\ngpu1 slots=1\n")
    flags = [f"--hostfile={hosts}"]
    message, hint = hostfile_problem(flags)
    assert message == "1 host cannot be reached by ssh: `gpu1`: ssh: Connection refused"
    assert hint.endswith(" HOST true` must succeed without a password")
    assert uses_ssh(flags)
    assert hostfile_problem([*flags, "--no_ssh"]) == ("", "")
    assert hostfile_problem([*flags, "--num_nodes=1"]) == ("", "")
    assert not uses_ssh([*flags, "--no_ssh"])


def test_variables_of_a_run_reach_each_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DeepSpeed reads them from a file, to which those of the user's own file are added last."""
    users = write(tmp_path / "mine", "NCCL_DEBUG=INFO\n\nOTHER=1\n")
    monkeypatch.setenv("DS_ENV_FILE", str(users))
    monkeypatch.setenv("NCCL_DEBUG", "WARN")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    with exported_environment() as exported:
        lines = Path(exported["DS_ENV_FILE"]).read_text("utf-8").splitlines()
    assert "OMP_NUM_THREADS=3" in lines
    assert lines.index("NCCL_DEBUG=WARN") < lines.index("NCCL_DEBUG=INFO")
    assert "OTHER=1" in lines
