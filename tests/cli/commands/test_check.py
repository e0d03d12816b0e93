"""``arctic-gen check``: what was generated against what the definitions make now."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from arctic_training.lint.reads import Reader
from tests.support import DEFINITION, Result, arctic_gen, write

PACKAGE = "generated/arctic_trainers/mine"
FINE = "1 trainer is what its definition makes\n"


def _check(folder: Path, *arguments: str) -> Result:
    return arctic_gen("check", "--no-verify", *arguments, folder=folder)


def _state(folder: Path) -> dict[Path, tuple[bytes, int]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder in which ``mine.yaml`` was generated."""
    write(tmp_path / "mine.yaml", DEFINITION)
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path).code == 0
    return tmp_path


def _changed(project: Path) -> None:
    write(project / "mine.yaml", DEFINITION.replace("Strength", "Power"))


def _missing(project: Path) -> None:
    (project / PACKAGE / "config.py").unlink()


def _edited(project: Path) -> None:
    write(project / PACKAGE / "config.py", "mine = 1\n")


def _unknown(project: Path) -> None:
    write(project / PACKAGE / "sub/mine.py", "mine = 1\n")


def _renamed(project: Path) -> None:
    write(project / "mine.yaml", DEFINITION.replace("name: mine\n", "name: other\n"))


def _gone(project: Path) -> None:
    write(project / "b.yaml", DEFINITION.replace("name: mine\n", "name: b\n"))
    assert arctic_gen("new-trainer", "--no-verify", "b.yaml", folder=project).code == 0
    (project / "mine.yaml").unlink()


def _all_gone(project: Path) -> None:
    (project / "mine.yaml").unlink()


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        (
            _changed,
            [
                f"{PACKAGE}/{name} is not what its definition makes now"
                for name in ("README.md", "config.py", "recipe.schema.json")
            ],
        ),
        (_missing, [f"{PACKAGE}/config.py is missing"]),
        (_edited, [f"{PACKAGE}/config.py was edited by hand"]),
        (_unknown, [f"{PACKAGE}/sub/mine.py is unknown"]),
        (
            _renamed,
            [f"{PACKAGE}/config.py is orphaned", "/other/config.py is missing"],
        ),
        (_gone, ["the definition mine.yaml is gone", f"{PACKAGE}/trainer.py is orphaned"]),
        (_all_gone, ["the definition mine.yaml is gone"]),
    ],
)
def test_drift_is_named(change: Callable[[Path], None], messages: list[str], project: Path) -> None:
    """Each way in which definitions and generated files part is named in text and in JSON."""
    assert _check(project) == (0, FINE, "")
    change(project)
    before = _state(project)
    done = _check(project)
    assert done.code == 1
    assert done.out.count("error[drift]") == done.out.count("error[") >= len(messages)
    assert [message for message in messages if message not in done.out] == []
    listed = json.loads(_check(project, "--format", "json").out)["diagnostics"]
    said = "".join(entry["message"] + "\n" for entry in listed)
    assert [message for message in messages if message not in said] == []
    assert {entry["code"] for entry in listed} == {"drift"}
    assert _state(project) == before


@pytest.mark.parametrize(
    ("change", "remedies"),
    [
        (_changed, ["`arctic-gen new-trainer mine.yaml` regenerates it (-1 +1 lines):"]),
        (_missing, ["`arctic-gen new-trainer mine.yaml` makes it"]),
        (_edited, ["`arctic-gen new-trainer mine.yaml --force` overwrites it (-1 +"]),
        (_renamed, ["` removes it", "` makes it"]),
    ],
)
def test_drift_is_mended_by_the_command_that_is_told(
    change: Callable[[Path], None], remedies: list[str], project: Path
) -> None:
    """The command of the remedies is one, and mends all; of a diff, the first hunk is told."""
    change(project)
    done = _check(project)
    assert [remedy for remedy in remedies if remedy not in done.out] == []
    assert max(found.count("\n") for found in done.out.split("mine.yaml:")) < 20
    (command,) = set(re.findall(r"`arctic-gen (new-trainer mine.yaml[^`]*)`", done.out))
    assert arctic_gen(*command.split(), "--no-verify", folder=project).code == 0
    assert _check(project) == (0, FINE, "")


def test_definitions_may_be_named(project: Path) -> None:
    """Definitions that are named are checked, of whatever project; without any, the recorded."""
    write(project / "sub/pyproject.toml", "")
    write(project / "sub/new.yaml", DEFINITION.replace("name: mine\n", "name: new\n"))
    assert _check(project) == (0, FINE, "")
    assert _check(project / "sub", "../mine.yaml") == (0, FINE, "")
    done = _check(project, "mine.yaml", "sub/new.yaml")
    assert done.code == 1
    assert "generated/arctic_trainers/new/config.py is missing" in done.out
    assert PACKAGE not in done.out


def test_a_definition_that_is_wrong_is_reported_at_its_line(project: Path) -> None:
    """A default that its field does not take is found without mypy."""
    write(project / "mine.yaml", DEFINITION.replace("default: 0.5", "default: many"))
    done = _check(project)
    assert done.code == 1
    assert "mine.yaml:9:16: error[wrong-type]: expected number, found `many`" in done.out


def test_a_module_that_is_gone_is_reported_where_it_is_named(project: Path) -> None:
    """What a definition names and nobody can import is an error, once; `new-trainer` begins it."""
    callbacks = "callbacks: {pre-step: mine_looks:look}\n"
    write(project / "mine.yaml", DEFINITION + callbacks)
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=project).code == 0
    assert _check(project) == (0, FINE, "")
    for name in ("mine_loss", "mine_looks"):
        (project / f"{name}.py").unlink()
    before = _state(project)
    done = _check(project, "--format", "concise")
    assert (done.code, done.err) == (1, "")
    assert [line.partition("; help: ")[0] for line in done.out.splitlines()] == [
        "mine.yaml:17:7: error[not-importable]: there is no module `mine_loss`",
        "mine.yaml:18:23: error[not-importable]: there is no module `mine_looks`",
    ]
    assert "`arctic-gen new-trainer mine.yaml` begins it" in _check(project).out
    assert _state(project) == before
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=project).code == 0
    assert _check(project) == (0, FINE, "")


def test_nothing_to_check_is_no_success(tmp_path: Path) -> None:
    """Where nothing was generated, the command says so and ends as a wrong use of it."""
    done = _check(tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"error: nothing was generated in {tmp_path} yet\n"


def test_it_works_where_nothing_can_be_written(project: Path) -> None:
    """On a mount that is read-only, everything is compared as anywhere else."""
    mount = "mount --bind . . && mount -o remount,bind,ro . && cd . && ! touch x"
    command = f"{mount} && exec {sys.executable} -m arctic_training.cli.gen check --no-verify"
    unshare = shutil.which("unshare")
    if not unshare:
        pytest.skip("there is no `unshare` here")
    alone = [unshare, "--map-root-user", "--mount", "sh", "-c"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mounts can be made here")
    cd = f"cd / && cd {shlex.quote(str(project))} && "
    done = subprocess.run(
        [*alone, command.replace("&& cd . &&", f"&& {cd}")],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, FINE)


def test_what_is_warned_of_is_compared_all_the_same(project: Path) -> None:
    """A warning about a definition keeps nothing from being looked at."""
    write(project / "mine.yaml", DEFINITION.replace("schema_version: 1\n", ""))
    _edited(project)
    done = _check(project)
    assert done.code == 1
    assert "warning[old-version]" in done.out
    assert "config.py was edited by hand" in done.out


def test_a_trainer_is_not_followed_for_its_terms(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`check` takes no longer than generating: only `lint` follows the config through all code."""
    followed: list[Reader] = []
    monkeypatch.setattr(Reader, "follow", followed.append)
    assert _check(project) == (0, FINE, "")
    assert followed == []


def test_a_loss_with_other_terms_than_the_metrics_is_found(project: Path) -> None:
    """A run would end at its first step: `check` says so, at the definition and at the loss."""
    loss = project / "mine_loss.py"
    definition = DEFINITION + "metrics: {margin: mean}\n"
    write(project / "mine.yaml", definition)
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=project).code == 0
    write(
        loss,
        "from arctic_training.core.loss_output import LossOutput, Term\n\n\n"
        "def mine_loss(trainer, batch):\n"
        "    total = trainer.config.alpha\n"
        '    return LossOutput(sum=total, count=1, terms={"margn": Term(sum=total, count=1)})\n',
    )
    result = _check(project, "--format", "concise")
    assert result.code == 1
    assert [line.partition(": ")[2].partition("]")[0] for line in result.out.splitlines()] == [
        "error[unreturned-metric",
        "error[undeclared-term",
    ]
    assert "did you mean `margn`?" in result.out
    made = arctic_gen("new-trainer", "--format", "concise", "mine.yaml", folder=project)
    said = [line for line in made.out.splitlines() if "type-error" not in line]
    assert (made.code, said) == (1, result.out.splitlines())
