"""The wheel: it carries all that it takes, and works in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.support import ROOT, Result

_TINY = [
    "train_iters=2",
    "micro_batch_size=2",
    "model.hidden_size=32",
    "model.num_hidden_layers=1",
    "tokenizer.vocab_size=300",
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(ROOT)], check=True)
    return next(folder.glob("*.whl"))


def test_it_carries_what_travels(wheel: Path) -> None:
    """The wheel holds every schema, every template, the built-in trainers and `py.typed`."""
    held = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("schemas", "templates"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file():
                assert f"arctic_training/{path.relative_to(ROOT).as_posix()}" in held
    trainers = (ROOT / "generated/arctic_trainers").rglob("*")
    files = [p for p in trainers if p.is_file() and "__pycache__" not in p.parts]
    assert {p.relative_to(ROOT / "generated").as_posix() for p in files} <= held
    assert "arctic_training/py.typed" in held
    assert not [name for name in held if name.startswith(("tests", "generated", "examples"))]


def test_it_works_in_a_project_of_ones_own(wheel: Path, tmp_path: Path) -> None:
    """From the wheel alone, what the README says to type in an empty folder makes a trainer."""
    installed, folder = tmp_path / "installed", tmp_path / "empty"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*install, str(installed), str(wheel)], check=True)
    folder.mkdir()
    where = "import arctic_training; print(arctic_training.__file__)"
    assert str(installed) in _run([sys.executable, "-c", where], installed, folder).out
    checkout, *commands, train = _own_project()
    place = "PATH_OF_THIS_CHECKOUT"
    assert checkout == f"pip install -c {place}/constraints.txt '{place}[peft,report]'"
    for command in commands:
        done = _run(command.split(), installed, folder)
        assert done.code == 0, done
    assert "`my-trainer` keeps what it promises" in done.out
    trained = _run([*train.split(), *_TINY], installed, folder)
    assert trained.code == 0, trained
    assert "step 2/2" in trained.out
    assert (folder / "runs/my-trainer/global_step_2/model.safetensors").exists()


def test_the_extras_of_the_readme_are_there() -> None:
    """The README names every extra that a user may want, and no other."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"\(extras: (.+?)\):", text)
    assert found
    named = re.findall(r"`(\w+)`", found[1])
    assert [*named] == sorted(project["optional-dependencies"].keys() - {"dev"})
    page = (ROOT / "docs/how-to/lora.md").read_text(encoding="utf-8")
    assert f"pip install '{project['name']}[peft]'" in page


def _own_project() -> list[str]:
    """Return what the README says to type in a project of one's own."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("## In a project of your own\n")[2]
    return section.partition("```sh\n")[2].partition("```")[0].splitlines()


def _run(command: list[str], installed: Path, folder: Path) -> Result:
    path = os.pathsep.join([str(installed / "bin"), os.environ["PATH"]])
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(installed), "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)
