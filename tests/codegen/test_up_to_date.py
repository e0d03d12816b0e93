"""A run that has nothing to do is told from others, and never mistaken for one."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from arctic_training.codegen import up_to_date as unchanged
from tests.support import DEFINITION, Result, arctic_gen, python, write

CONFIG = "generated/arctic_trainers/mine/config.py"
BASE = DEFINITION.replace("name: mine\n", "name: base\n").replace("Mine", "Base")
HEAVY = {"jinja2", "pydantic", "jsonschema_rs", "yaml", "ruff.__main__"}


def _run(folder: Path) -> Result:
    return arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=folder)


@pytest.fixture(autouse=True)
def _cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project in which a trainer was generated that extends and shares, a while ago."""
    write(tmp_path / "common.yaml", "definitions: {share: {type: number, default: 0.5}}\n")
    write(tmp_path / "base.yaml", BASE)
    ref = "config_type: {properties: {x: {$ref: 'common.yaml#/definitions/share'}}}\n"
    write(tmp_path / "mine.yaml", f"schema_version: 1\nextends: ./base.yaml\nname: mine\n{ref}")
    for path in tmp_path.iterdir():
        os.utime(path, (time.time() - 9, time.time() - 9))
    assert _run(tmp_path).code == 0
    return tmp_path


def _is_known(folder: Path) -> bool:
    here = Path.cwd()
    os.chdir(folder)
    try:
        return unchanged.said_before([Path("mine.yaml")], None) is not None
    finally:
        os.chdir(here)


def test_a_known_run_says_what_the_whole_one_does(project: Path) -> None:
    """With the record and without, the same is said; nothing heavy is imported with it."""
    assert _is_known(project)
    quick = _run(project)
    code = "from arctic_training.cli.gen import main\nimport atexit, sys\n"
    code += (
        f"atexit.register(lambda: print(sorted({HEAVY} & sys.modules.keys()), file=sys.stderr))\n"
    )
    code += "main(['new-trainer', '--no-verify', 'mine.yaml'])"
    assert python("-c", code, folder=project) == (0, quick.out, "[]\n")
    for record in Path(os.environ["XDG_CACHE_HOME"]).rglob("unchanged/*.json"):
        record.unlink()
    assert _run(project) == quick


def _append(path: str) -> Callable[[Path], object]:
    return lambda folder: (folder / path).write_text((folder / path).read_text("utf-8") + "\n")


CHANGES: dict[str, Callable[[Path], object]] = {
    "definition": _append("mine.yaml"),
    "base": _append("base.yaml"),
    "shared file": _append("common.yaml"),
    "loss": _append("mine_loss.py"),
    "generated file": _append(CONFIG),
    "manifest": _append("generated/manifest.json"),
    "generated file gone": lambda folder: (folder / CONFIG).unlink(),
    "recipe gone": lambda folder: (folder / "mine.recipe.yaml").unlink(),
    "loss gone": lambda folder: (folder / "mine_loss.py").unlink(),
    "unknown file": lambda folder: write(folder / CONFIG.replace("config", "other"), ""),
    "journal": lambda folder: write(folder / "generated/.arctic-gen-journal.json", "{}"),
    "factories": lambda folder: write(folder / "factories.yaml", "model: {}\n"),
    "template": lambda folder: write(folder / "arctic_templates/config.py.j2", "x"),
    "included template": lambda folder: write(folder / "arctic_templates/mine.j2", "x"),
    "loss elsewhere": lambda folder: (folder / "mine_loss.py").rename(folder / "src.py"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_has_a_say_makes_it_a_new_run(change: str, project: Path) -> None:
    """A change of anything that was read or made is seen, though times are put back."""
    times = {path: path.stat().st_mtime_ns for path in project.rglob("*")}
    CHANGES[change](project)
    for path, at in times.items():
        if path.exists():
            os.utime(path, ns=(at, at))
    assert not _is_known(project)


def test_a_change_of_the_generator_makes_it_a_new_run(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another template, schema, stage or formatter makes other files."""
    monkeypatch.setattr(unchanged, "_sources", lambda: iter([__file__]))
    assert not _is_known(project)


def test_what_was_written_during_the_run_is_not_remembered(project: Path) -> None:
    """A definition that changes while it is generated is generated again."""
    write(project / "mine.yaml", (project / "mine.yaml").read_text("utf-8") + "\n")
    os.utime(project / "mine.yaml", (time.time() + 9, time.time() + 9))
    assert _run(project).code == 0
    assert not _is_known(project)


@pytest.mark.parametrize("count", [1, 20, pytest.param(200, marks=pytest.mark.full)])
def test_the_formatter_is_started_once(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One process of ruff lays out however many trainers, and none where nothing is to be done."""
    started: list[str] = []
    whole = subprocess.Popen.__init__

    def counting(
        self: subprocess.Popen[str], command: list[str], *rest: object, **more: object
    ) -> None:
        started.append(Path(command[0]).name)
        whole(self, command, *rest, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess.Popen, "__init__", counting)
    names = [f"t{number}" for number in range(count)]
    for name in names:
        text = DEFINITION.replace("name: mine\n", f"name: {name}\n")
        text = text.replace("Mine", name.capitalize()).replace("mine_loss", f"{name}_loss")
        path = write(tmp_path / f"{name}.yaml", text)
        os.utime(path, (time.time() - 9, time.time() - 9))
    arguments = ["new-trainer", "--no-verify", *(f"{name}.yaml" for name in names)]
    for expected in (["ruff"], []):
        started.clear()
        assert arctic_gen(*arguments, folder=tmp_path).code == 0
        assert started == expected
