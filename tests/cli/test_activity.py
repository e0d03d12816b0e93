"""No command is silent while it works: its status is shown on stderr."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path
from typing import NoReturn

import pytest
import rich.console

from arctic_training.errors import TrainingError
from arctic_training.terminal.activity import DELAY, LOADING, Background, Stage, activity, start_up
from tests.support import DEFINITION, RECIPE, arctic_gen, arctic_train, write

_PROGRAMS = {"arctic-gen": arctic_gen, "arctic-train": arctic_train}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DELAY, "0")


def _slow(*_arguments: object, **_options: object) -> NoReturn:
    """Take until the status is shown, which a test waits for without end; then fail."""
    assert isinstance(sys.stderr, io.StringIO)
    while not sys.stderr.getvalue():
        time.sleep(0.01)
    raise TrainingError("the slow stage is over")


@pytest.mark.parametrize(
    ("command", "stage", "shown"),
    [
        ("arctic-gen new-trainer mine.yaml", "cli.commands.new_trainer.generate", "type-checking"),
        ("arctic-gen check mine.yaml", "cli.commands.check.read_definitions", "type-checking"),
        ("arctic-gen validate mine.yaml", "cli.commands.validate._problems", "checking documents"),
        ("arctic-gen lint mine.yaml", "cli.commands.lint._read", "linting"),
        ("arctic-gen breaking --against .", "cli.commands.breaking._read", "comparing"),
        ("arctic-gen test sft", "cli.tiny_recipe.tiny", LOADING),
        ("arctic-train recipe.yaml", "cli.run_recipe.configured", LOADING),
        ("arctic-train process-data recipe.yaml", "cli.commands.prepare_data.configured", LOADING),
        ("arctic-train show-data recipe.yaml", "cli.commands.prepare_data.configured", LOADING),
        ("arctic-train report .", "report.run.Run.read", "reading"),
    ],
)
def test_a_slow_stage_is_shown(
    command: str,
    stage: str,
    shown: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever a command waits for, it names on stderr; stdout is for what it was asked for."""
    write(tmp_path / "pyproject.toml", "")
    write(tmp_path / "mine.yaml", DEFINITION)
    write(tmp_path / "recipe.yaml", RECIPE)
    monkeypatch.setattr(f"arctic_training.{stage}", _slow)
    program, *arguments = command.split()
    result = _PROGRAMS[program](*arguments, folder=tmp_path)
    assert result.err.startswith(shown)
    assert result.out == ""


def test_json_stays_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a status on stderr, what is printed for machines is nothing but JSON."""
    write(tmp_path / "mine.yaml", DEFINITION.replace("sft", "sfd"))
    from arctic_training.cli.commands import validate

    real = validate._problems

    def slow(*arguments: object) -> object:
        with pytest.raises(TrainingError):
            _slow()
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(validate, "_problems", slow)
    result = arctic_gen("validate", "--format", "json", "mine.yaml", folder=tmp_path)
    assert result.code == 1
    assert json.loads(result.out)
    assert result.err.startswith("checking documents")


def test_quick_work_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is done before the delay is over leaves no line."""
    monkeypatch.setenv(DELAY, "3600")
    with activity("loading"), start_up("starting"):
        pass
    assert capsys.readouterr().err == ""


def test_one_of_several_processes_shows_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All but the first process stay silent."""
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with activity("loading"):
        pass
    assert capsys.readouterr().err == ""


def test_a_closed_stderr_ends_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A status that cannot be written is given up, and the work is done."""

    class _Gone(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", _Gone())
    with activity("loading"):
        done = True
    assert done


def test_a_spinner_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a spinner shows the seconds, and takes itself away."""
    real, written = rich.console.Console, io.StringIO()

    def console(*, stderr: bool) -> rich.console.Console:
        assert stderr
        return real(file=written, force_terminal=True, width=60)

    monkeypatch.setattr(rich.console, "Console", console)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with activity("loading the model"):
        while "loading the model (0 s)" not in written.getvalue():
            time.sleep(0.01)
    assert written.getvalue().endswith("\x1b[2K")  # the line is erased


def test_a_stage_says_how_far_it_is() -> None:
    """A stage of a known size is shown with how much of it is done."""
    stage = Stage("evaluating `short`", 1200)
    stage.advance()
    assert str(stage) == "evaluating `short`: 1 of 1,200 batches"
    assert str(Stage("loading the model")) == "loading the model ..."


@pytest.mark.parametrize("value", ["", "soon"])
def test_a_delay_that_is_no_number(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delay that is no number is the default one."""
    monkeypatch.setenv(DELAY, value)
    background = Background(lambda _: None)
    background.start()
    background.stop()
