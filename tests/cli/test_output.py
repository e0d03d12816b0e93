"""How commands end."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
import torch

from arctic_training.cli.out_of_memory import ROOM
from arctic_training.diagnostics import Format
from arctic_training.project import locations
from tests.support import RECIPE, ROOT, Result, arctic_gen, arctic_train, write

_Run = Callable[..., Result]


def _fail(error: BaseException) -> Callable[..., NoReturn]:
    def raising(*_arguments: object, **_options: object) -> NoReturn:
        raise error

    return raising


@pytest.mark.parametrize("run", [arctic_gen, arctic_train])
@pytest.mark.parametrize("option", ["--help", "-h", "--version"])
def test_help_and_version_are_fine(tmp_path: Path, run: _Run, option: str) -> None:
    """Asking for help or the version prints it and ends with 0."""
    result = run(option, folder=tmp_path)
    assert (result.code, result.err) == (0, "")
    assert result.out


@pytest.mark.parametrize("command", [("arctic-gen", arctic_gen), ("arctic-train", arctic_train)])
def test_help_is_whole_where_there_is_no_terminal(
    command: tuple[str, _Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Piped, each help text is that of the reference page; no sentence of it ends in dots."""
    monkeypatch.delenv("COLUMNS", raising=False)
    name, run = command
    page = (ROOT / "docs/reference/commands.md").read_text("utf-8")
    shown = re.findall(rf"(?ms)^## {name}((?: [\w-]+)*)\n\n```text\n(.*?)\n```$", page)
    assert len(shown) > 3
    for words, text in shown:
        assert run(*words.split(), "--help", folder=tmp_path).out == f"{text}\n"
        assert "...\n" not in text.partition("\n")[2]


@pytest.mark.parametrize(
    ("run", "arguments", "message"),
    [
        (arctic_gen, "validate", "Missing argument 'PATHS...'."),
        (arctic_gen, "validat .", "unknown command `validat`; did you mean `validate`"),
        (arctic_gen, "validate --frmat json .", "No such option"),
        (arctic_gen, "validate missing.yaml", "missing.yaml: No such file or directory"),
        (arctic_train, "train", "Missing argument 'RECIPE'."),
        (arctic_train, "--dry-run .", ".: Is a directory"),
        (arctic_train, "r.yaml --dry-rum", "No such option '--dry-rum'. Did you mean '--dry-run'?"),
        (arctic_train, "r.yaml --num-processes 0", "Invalid value for '--num-processes'"),
        (arctic_train, "r.yaml -x", "No such option '-x'"),
        (arctic_train, "process-data", "Missing argument 'RECIPE'."),
        (arctic_train, "report runs", "runs does not exist"),
        (arctic_train, "report .", ". has no metrics file"),
    ],
)
def test_a_wrong_command_line_ends_with_2(
    tmp_path: Path, run: _Run, arguments: str, message: str
) -> None:
    """A mistake of usage, or a file that cannot be read, is one line on the error stream."""
    result = run(*arguments.split(), folder=tmp_path)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"error: {message}")
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("form", ["xml", "TEXT"])
def test_an_unknown_form_names_the_known_ones(tmp_path: Path, form: str) -> None:
    """A form that does not exist is an error that lists those that do."""
    result = arctic_gen("validate", "--format", form, ".", folder=tmp_path)
    assert (result.code, result.out) == (2, "")
    assert [known for known in Format if known not in result.err] == []


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--launcher ray", "'ray' is not one of 'torchrun', 'deepspeed'"),
        ("--launcher torchrun --num_nodes 2", "is a flag of `--launcher deepspeed`"),
        ("--launcher torchrun --no_ssh", "is a flag of `--launcher deepspeed`"),
    ],
)
def test_launchers_that_do_not_fit_are_refused(tmp_path: Path, flags: str, message: str) -> None:
    """A launcher that is not there, or has no such flag, is refused, wherever the flags stand."""
    write(tmp_path / "r.yaml", RECIPE)
    for words in (f"r.yaml {flags}", f"{flags} r.yaml", f"train --dry-run r.yaml {flags}"):
        result = arctic_train(*words.split(), folder=tmp_path)
        assert (result.code, result.out) == (2, "")
        assert message in result.err


def test_a_flag_without_its_value_is_refused(tmp_path: Path) -> None:
    """A flag of DeepSpeed's launcher that stands last and has no value is wrong usage."""
    write(tmp_path / "r.yaml", RECIPE)
    result = arctic_train("--dry-run", "r.yaml", "--hostfile", folder=tmp_path)
    assert (result.code, result.out) == (2, "")
    assert "--hostfile needs a value" in result.err


def test_a_verb_wins_over_a_file_of_its_name(tmp_path: Path) -> None:
    """The first word `train` is the verb, even if a recipe has that name."""
    write(tmp_path / "train", RECIPE)
    assert arctic_train("--dry-run", "train", folder=tmp_path).code == 2
    assert arctic_train("--dry-run", "train", "train", folder=tmp_path).code == 0
    assert arctic_train("--dry-run", "./train", folder=tmp_path).code == 0


@pytest.mark.parametrize("debug", [False, True])
def test_a_bug_says_so_and_hides_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, debug: bool
) -> None:
    """What should not happen ends with 70 and how to report it; `--debug` shows the traceback."""
    monkeypatch.setattr(locations.Project, "of", lambda _path: None)
    write(tmp_path / "r.yaml", RECIPE)
    options = ["--debug"] if debug else []
    result = arctic_train("--dry-run", "r.yaml", *options, folder=tmp_path)
    assert (result.code, result.out) == (70, "")
    assert "AttributeError: 'NoneType' object has no" in result.err
    assert ("Traceback" in result.err) is debug
    assert debug or "internal error" in result.err
    assert debug or "--debug" in result.err


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (OSError("no space left"), 2, "error: no space left\n"),
        (
            OSError(28, "No space left on device"),
            2,
            "error: a file cannot be read or written: No space left on device\n",
        ),
        (PermissionError(13, "Not yours", "x"), 2, "error: x: Not yours\n"),
        (MemoryError("too large"), 1, f"error: out of memory: too large\nhelp: {ROOM}\n"),
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried.\nMore."),
            1,
            f"error: out of memory: CUDA out of memory. Tried.\nhelp: {ROOM}\n",
        ),
    ],
)  # fmt: skip
def test_what_the_environment_does_is_no_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, text: str
) -> None:
    """Ctrl-C ends with 130 and one line, an error of the system with 2 and its own words.

    Memory that is used up ends with 1, and what takes less of it.
    """
    monkeypatch.setattr(locations.Project, "of", _fail(error))
    write(tmp_path / "r.yaml", RECIPE)
    result = arctic_train("--dry-run", "r.yaml", folder=tmp_path)
    assert (result.code, result.out, result.err.lstrip("\n")) == (code, "", text)


@pytest.mark.parametrize("command", ["validate", "lint", "migrate", "new-trainer", "explain"])
def test_a_link_to_itself_is_no_bug(tmp_path: Path, command: str) -> None:
    """Links that lead to each other are an error of the file system, which names one."""
    (tmp_path / "a.yaml").symlink_to("b.yaml")
    (tmp_path / "b.yaml").symlink_to("a.yaml")
    result = arctic_gen(command, "a.yaml", folder=tmp_path)
    assert (result.code, "a.yaml" in result.err) == (2, True), result.err


def test_no_command_shows_the_help(tmp_path: Path) -> None:
    """Who types the command alone sees what it can do, and that nothing was done."""
    result = arctic_gen(folder=tmp_path)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Usage: arctic-gen ")


@pytest.mark.parametrize(
    ("command", "words", "said"),
    [
        (arctic_gen, "generate d.yaml", "unknown command `generate`; did you mean `new-trainer`?"),
        (arctic_gen, "templates copy x", "known here: `diff`, `eject`, `list`"),
        (arctic_train, "trian r.yaml", "no recipe or command `trian`; did you mean `train`?"),
    ],
)
def test_an_unknown_command_names_the_one_that_was_meant(
    command: _Run, words: str, said: str, tmp_path: Path
) -> None:
    """A mistyped command, or one of another tool, is answered with the command to use."""
    done = command(*words.split(), folder=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
