"""With what code each command ends, for each way in which it can end."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest

from arctic_training.cli.gen import command as gen
from arctic_training.cli.train import command as train
from tests.support import DEFINITION, RECIPE, arctic_gen, arctic_train, write

_ENDS: Final = """\
0 arctic-gen init other
2 arctic-gen init mine
0 arctic-gen new-trainer --no-verify mine.yaml
1 arctic-gen new-trainer --no-verify wrong.yaml
2 arctic-gen new-trainer nowhere.yaml
0 arctic-gen validate mine.yaml good.yaml
1 arctic-gen validate wrong.yaml
2 arctic-gen validate nowhere.yaml
0 arctic-gen check --no-verify
1 arctic-gen check --no-verify moved.yaml
2 arctic-gen check nowhere.yaml
0 arctic-gen lint good.yaml
1 arctic-gen lint wrong.yaml
2 arctic-gen lint nowhere.yaml
0 arctic-gen migrate --check mine.yaml
1 arctic-gen migrate --check old.yaml
2 arctic-gen migrate nowhere.yaml
0 arctic-gen breaking --against HEAD mine.yaml
1 arctic-gen breaking --against HEAD changed.yaml
2 arctic-gen breaking --against nowhere mine.yaml
1 arctic-gen test mine fault=1
2 arctic-gen test nobody
0 arctic-gen explain optimizer
1 arctic-gen explain torn.yaml
2 arctic-gen explain optimiser
0 arctic-gen list
2 arctic-gen list nothing
0 arctic-gen schema
2 arctic-gen schema nobody
0 arctic-gen templates list
2 arctic-gen templates list config.py.j2
0 arctic-gen templates eject config.py.j2
2 arctic-gen templates eject nothing.j2
0 arctic-gen templates diff
2 arctic-gen templates diff nothing.j2
0 arctic-train train --dry-run good.yaml
1 arctic-train train --dry-run bad.yaml
2 arctic-train train --dry-run nowhere.yaml
1 arctic-train process-data bad.yaml
2 arctic-train process-data nowhere.yaml
1 arctic-train show-data bad.yaml
2 arctic-train show-data nowhere.yaml
2 arctic-train report nowhere
"""
"""A code and the command that ends with it; those that prepare data and train have tests of theirs.

0 is for what is fine, 1 for findings, 2 for wrong usage and what is not there. 70, for a bug of
ours, is of no command's own.
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with a right definition, committed, and wrong ones; and two recipes."""
    changed = DEFINITION.replace("name: mine\n", "name: changed\n")
    write(tmp_path / "mine.yaml", DEFINITION)
    write(tmp_path / "changed.yaml", changed)
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path).code == 0
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@x"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *words], cwd=tmp_path, check=True)
    write(tmp_path / "changed.yaml", changed.replace("minimum: 0", "minimum: 0.1"))
    old, wrong = (
        DEFINITION.replace("name: mine\n", f"name: {name}\n") for name in ("old", "wrong")
    )
    write(tmp_path / "old.yaml", old.replace("schema_version: 1\n", ""))
    write(tmp_path / "torn.yaml", "name: [")
    write(tmp_path / "wrong.yaml", wrong.replace("alpha", "alpha-"))
    write(tmp_path / "moved.yaml", DEFINITION.replace("name: mine\n", "name: moved\n"))
    write(tmp_path / "good.yaml", RECIPE)
    write(tmp_path / "bad.yaml", RECIPE + "epoks: 1\n")
    return tmp_path


@pytest.mark.parametrize("end", _ENDS.splitlines())
def test_a_command_ends_with_the_code_that_is_documented(end: str, project: Path) -> None:
    """Each command ends with 0, 1 or 2 as documented, and never with a traceback."""
    code, program, *words = shlex.split(end)
    run = {"arctic-gen": arctic_gen, "arctic-train": arctic_train}[program]
    done = run(*words, folder=project)
    assert (done.code, "Traceback" in done.out + done.err) == (int(code), False), done
    assert bool(done.err) == (done.code == 2)


def test_every_command_is_among_them() -> None:
    """No command can be added without saying how it ends."""
    listed = [line[2:] for line in _ENDS.splitlines()]
    for name, root in (("arctic-gen", gen), ("arctic-train", train)):
        missing = [
            words
            for words in _commands(root, name)
            if not any(line.startswith(words) for line in listed)
        ]
        assert missing == []


def _commands(command: click.Command, name: str) -> Iterator[str]:
    if isinstance(command, click.Group):
        for word, inner in command.commands.items():
            yield from _commands(inner, f"{name} {word}")
    else:
        yield name
