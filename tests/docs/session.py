"""What a page tells to type, typed: in this process, in a copy of a small project."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.support import ROOT, arctic_gen, arctic_train

__all__ = ["Session"]

_DATA_COMMANDS: Final = {"process-data", "report", "show-data"}
_GENERATING: Final = {"check", "new-trainer"}
_EXTRAS: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]

_RECORD: Final = """\
#!/bin/sh
for word in "$@"; do printf '%s\\n' "$word"; done >> "$RECORD"
"""
_TASK: Final = """\
#!/bin/sh
printf '%s\\n' "$(basename "$0")" >> "$RECORD"
while [ $# -gt 0 ] && [ "$1" != sh ]; do shift; done
exec "$@"
"""


class Session:
    """A folder in which the commands of a page are run one after the other.

    Generated code is not type-checked here, and runs that would train stop after their check:
    tests of the tutorial and of the README do both.
    """

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.folder = folder
        self._scratch = scratch
        self._programs: dict[str, Callable[[list[str]], None]] = {
            "arctic-gen": self._arctic_gen,
            "arctic-train": self._arctic_train,
            "cd": self._cd,
            "cp": self._cp,
            "eval": _completion,
            "hf": _needs_network,
            "pip": _pip,
            "python": self._python,
            "sbatch": self._sbatch,
            "torchrun": self._torchrun,
            "vllm": _needs_network,
        }

    def type(self, line: str) -> None:
        """Run a line; a program that no rule knows is a KeyError.

        Raises:
            AssertionError: the command fails.

        """
        words = shlex.split(line)
        self._programs[words[0]](words[1:])

    def _arctic_gen(self, words: list[str]) -> None:
        if words[0] == "test":  # the suite itself is run by `tests/conformance/test_claims.py`
            words = ["explain", f"{words[1].replace('-', '_')}.yaml"]
        extra = ["--no-verify"] if words[0] in _GENERATING else []
        done = arctic_gen(*words, *extra, folder=self.folder)
        due = "--check" in words or words[0] == "lint"
        assert done.code in ({0, 1} if due else {0}), done.out + done.err

    def _arctic_train(self, words: list[str]) -> None:
        extra = [] if words[0] in _DATA_COMMANDS else ["--dry-run"]
        done = arctic_train(*words, *extra, folder=self.folder)
        assert done.code == 0, done.out + done.err

    def _cd(self, words: list[str]) -> None:
        self.folder /= words[0]
        assert self.folder.is_dir()

    def _cp(self, words: list[str]) -> None:
        assert words[0] == "-r"
        skipped = shutil.ignore_patterns("generated", "runs", "__pycache__")
        shutil.copytree(ROOT / words[1], self.folder / words[2], ignore=skipped)

    def _torchrun(self, words: list[str]) -> None:
        module = words.index("-m") + 1
        assert words[module] == "arctic_training.cli.train"
        self._arctic_train(words[module + 1 :])

    def _python(self, words: list[str]) -> None:
        assert (self.folder / words[0]).is_file()  # the test of the tutorial runs it

    def _sbatch(self, words: list[str]) -> None:
        self.script(words[0])

    def script(self, name: str) -> None:
        """Run a batch script; its task programs run one task, and torchrun notes its words.

        Raises:
            AssertionError: the script does not reach a command that trains by a right recipe.

        """
        programs, record = self._scratch / "bin", self._scratch / "record"
        programs.mkdir(exist_ok=True)
        record.unlink(missing_ok=True)
        for program in ("arctic-train", "mpirun", "srun", "torchrun"):
            text = _TASK if program in {"mpirun", "srun"} else _RECORD
            (programs / program).write_text(text, encoding="utf-8")
            (programs / program).chmod(0o755)
        environment = {"PATH": f"{programs}:{os.defpath}", "RECORD": str(record)}
        subprocess.run(
            ["bash", "-euo", "pipefail", name],  # noqa: S607 - what the page says to type
            cwd=self.folder,
            env=environment | _TASK_VARIABLES,
            check=True,
        )
        manager, *started = record.read_text("utf-8").splitlines()
        assert manager in {"mpirun", "srun"}
        if "-m" in started:
            assert "--nnodes=2" in started
            assert "--node-rank=1" in started
            started = started[started.index("-m") + 2 :]
        self._arctic_train(started)


_TASK_VARIABLES: Final = {
    "OMPI_COMM_WORLD_LOCAL_RANK": "0",
    "OMPI_COMM_WORLD_RANK": "1",
    "OMPI_COMM_WORLD_SIZE": "2",
    "SLURM_LAUNCH_NODE_IPADDR": "10.0.0.1",
    "SLURM_LOCALID": "0",
    "SLURM_PROCID": "1",
    "SLURM_STEP_NUM_TASKS": "2",
}


def _pip(words: list[str]) -> None:
    """See that what is installed is this project, with extras that it has."""
    assert words[0] == "install"
    if (named := re.search(r"\[(.*)\]", words[-1])) is not None:
        assert set(named[1].split(",")) <= _EXTRAS.keys()
    assert re.match(r"arctic-training-gen|PATH_OF_THE_CHECKOUT", words[-1])


def _completion(words: list[str]) -> None:
    """Completion in a shell is tested by ``tests/cli/test_init.py``."""
    assert words == ["$(_ARCTIC_GEN_COMPLETE=bash_source arctic-gen)"]


def _needs_network(words: list[str]) -> None:
    """See that the words are those of a command that a network or another project answers."""
    assert words[0] in {"download", "serve", "upload"}
