"""What the documentation tells to type works."""

from __future__ import annotations

import contextlib
import re
import runpy
import shlex
import subprocess
from pathlib import Path
from typing import Final

import click
import pytest

from arctic_training.cli.gen import command as arctic_gen_command
from arctic_training.cli.train import command as arctic_train_command
from tests.docs.pages import (
    FIRST_LESSON,
    SECOND_LESSON,
    WRITTEN,
    blocks,
    commands,
    commands_of,
    inline_commands,
    write_block,
    written_files,
)
from tests.docs.session import Session
from tests.report.recorded import record_run
from tests.support import arctic_train

_OF_EVERY_COMMAND: Final = {"--help", "--version"}


def _assert_known(command: click.Command, words: list[str]) -> None:
    """Assert that verbs and options are those of a command."""
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]
    if isinstance(command, click.Group):
        command = command.commands.get("train", command)
    options = {name for param in command.params for name in param.opts}
    unknown = [w for w in words if w.startswith("--") and w.partition("=")[0] not in options]
    assert not (isinstance(command, click.Group) and words), f"no verb: {words}"
    assert unknown == []


@pytest.mark.parametrize("page", [page for page in WRITTEN if [*commands(page)]])
def test_commands_work(page: str, project: Path, tmp_path: Path) -> None:
    """The blocks of a page in order, files written and commands typed, all succeed."""
    typed = [*commands(page)]
    for line in typed:
        if (named := re.match("arctic-gen init ([a-z-]+)", line)) is not None:
            _remove(project, named[1].replace("-", "_"))
    if any("breaking" in line for line in typed):
        _commit(project)
    if any("arctic-train report" in line for line in typed):
        _record_runs(project)
    session = Session(project, tmp_path)
    for block in blocks(page):
        if block.title:
            write_block(block, project)
        elif block.language == "sh":
            for line in commands_of(block):
                session.type(line)


@pytest.mark.parametrize(
    ("page", "name"),
    [(page, each.title) for page in WRITTEN for each in blocks(page) if "#SBATCH" in each.text]
    + [("how-to/slurm.md", "mpi.sh")],
)
def test_batch_scripts_train_one_model(page: str, name: str, project: Path, tmp_path: Path) -> None:
    """A script for a task manager starts one group of processes by a right recipe."""
    written_files(page, project)
    Session(project, tmp_path).script(name)


@pytest.mark.parametrize("page", WRITTEN)
def test_commands_in_the_text_exist(page: str) -> None:
    """A command that a sentence or a table names has the options and verbs that it is given."""
    roots = {"arctic-gen": arctic_gen_command, "arctic-train": arctic_train_command}
    for line in inline_commands(page):
        program, *words = shlex.split(line)
        _assert_known(roots[program], [word for word in words if word not in _OF_EVERY_COMMAND])


def test_the_tutorial_trains(project: Path) -> None:
    """Both lessons end with a trained model; it answers, and one page compares the two runs."""
    written_files(FIRST_LESSON, project)
    written_files(SECOND_LESSON, project)
    for recipe in ("recipe.yaml", "focal.recipe.yaml"):
        done = arctic_train(recipe, folder=project)
        assert done.code == 0, done.out + done.err
    with contextlib.chdir(project):
        runpy.run_path("ask.py")
    done = arctic_train("report", "runs/first", "runs/focal", folder=project)
    assert done.code == 0, done.out
    assert "cross_entropy" in (project / "report.html").read_text("utf-8")


def test_nothing_is_passed_over(tmp_path: Path) -> None:
    """A program that no rule knows is an error; so is a verb or an option that is none."""
    with pytest.raises(KeyError):
        Session(tmp_path, tmp_path).type("make-coffee --now")
    for words in (["brew"], ["lint", "--now"]):
        with pytest.raises(AssertionError):
            _assert_known(arctic_gen_command, words)


def _remove(project: Path, name: str) -> None:
    for path in project.glob(f"{name}*"):
        path.unlink()


def _commit(project: Path) -> None:
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        settings = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
        subprocess.run(["git", *settings, *words], cwd=project, check=True)  # noqa: S607


def _record_runs(project: Path) -> None:
    for name in ("first", "second", "focal"):
        record_run(project / "runs" / name, 3)
