"""Processes on other machines, which DeepSpeed's launcher starts by pdsh: signals, environment."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Final, Self

__all__ = ["RUN_ID", "RemoteProcesses", "exported_environment"]

RUN_ID: Final = "--run-id="
"""Argument of each process that tells those of one run from others, beyond its machine."""

_OF_A_MACHINE: Final = "deepspeed.launcher.launch"
_EXPORTED: Final = ("GLOO_", "HF_", "NCCL_", "OMP_NUM_THREADS", "TOKENIZERS_", "TORCH_", "WANDB_")
"""Variables that a user sets for a run; DeepSpeed itself passes on those of Python and MLflow."""

_ENV_FILE: Final = "DS_ENV_FILE"
_PATIENCE: Final = 20
"""Seconds that a machine has to start its processes before a signal is lost."""

_LOST: Final = {3, 255}
"""Exit codes of a sender: no process of the run was found on a machine; ssh did not reach it."""

_SCRIPT: Final = """\
for second in $(seq {patience}); do
launchers=$(pgrep -d, -f {pattern}) && break; sleep 1; done
[ -n "$launchers" ] || exit 3
pkill -{signal} -P "$launchers" || pkill -TERM -f {pattern}
"""
"""Signals the children of a machine's launcher, not what they start; else the launcher itself."""


@dataclass(slots=True)
class RemoteProcesses:
    """The processes of one run on the machines that pdsh reaches.

    Args:
        reach: pdsh with its options, up to the command that it runs on each machine.
        run_id: what the command line of each process of the run contains.
        environment: that of the pdsh which started them.

    """

    reach: Sequence[str]
    run_id: str
    environment: Mapping[str, str]
    _senders: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @classmethod
    def of_launcher(cls, launcher: int) -> Self | None:
        """Return those that DeepSpeed's launcher, a process id, has started; None if none."""
        import psutil

        with suppress(psutil.Error):
            for each in psutil.Process(launcher).children():
                words = each.cmdline()
                is_pdsh = any(Path(word).name == "pdsh" for word in words[:2])  # or its script
                if is_pdsh and _OF_A_MACHINE in words:
                    run_id = next(word for word in words if word.startswith(RUN_ID))
                    return cls(_reach(words), run_id, each.environ())
        return None

    def send(self, number: int) -> None:
        """Send a signal to each process, without waiting for its arrival."""
        pattern = shlex.quote(
            f"^{sys.executable} -u -m {_OF_A_MACHINE} .*--node_rank=%n .*{self.run_id}"
        )
        name = signal.Signals(number).name.removeprefix("SIG")
        script = _SCRIPT.format(patience=_PATIENCE, pattern=pattern, signal=name)
        sender = subprocess.Popen(
            [*self.reach, script],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        self._senders.append(sender)

    @property
    def is_out_of_reach(self) -> bool:
        """Whether there is a machine that a signal did not reach."""
        return any(sender.poll() in _LOST for sender in self._senders)


def _reach(words: Sequence[str]) -> list[str]:
    """Return the words of pdsh before its command: exports, `cd`, Python, its options.

    pdsh cuts its list of hosts, in place, where it has commas.
    """
    command = words.index(_OF_A_MACHINE) - 5
    if words[command - 1].startswith("source "):
        command -= 1
    first = words.index("-w") + 1
    hosts = [*takewhile(lambda word: not word.startswith("-"), words[first:command])]
    return [*words[:first], ",".join(hosts), *words[first + len(hosts) : command]]


@contextmanager
def exported_environment() -> Iterator[dict[str, str]]:
    """Give variables with which DeepSpeed's launcher passes this environment on to each machine.

    What a user's own ``.deepspeed_env`` says is kept, and wins.
    """
    mine = [f"{name}={value}" for name, value in os.environ.items() if name.startswith(_EXPORTED)]
    passed = [line for line in mine if "\n" not in line]
    with tempfile.NamedTemporaryFile("w", suffix=".deepspeed_env") as file:
        file.write("".join(f"{line}\n" for line in [*passed, *_users_lines()]))
        file.flush()
        yield {_ENV_FILE: file.name}


def _users_lines() -> Iterator[str]:
    """Iterate over the lines of the files that DeepSpeed would read, as it reads them."""
    name = os.environ.get(_ENV_FILE, ".deepspeed_env")
    for path in (Path.home() / name, Path(name)):
        if path.is_file():
            yield from (line for line in path.read_text("utf-8").splitlines() if "=" in line)
