"""The wheel: it carries all that it takes, and works in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support import DEFINITION, ROOT, Result, write

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


def test_it_works_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    """From the wheel alone, a definition in an empty folder becomes a trainer that trains."""
    installed, folder = tmp_path / "installed", tmp_path / "empty"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*install, str(installed), str(wheel)], check=True)
    write(folder / "mine.yaml", DEFINITION)
    where = "import arctic_training; print(arctic_training.__file__)"
    assert str(installed) in _run(["-c", where], installed, folder).out
    made = _run(["-m", "arctic_training.cli.gen", "new-trainer", "mine.yaml"], installed, folder)
    assert made.code == 0, made
    train = ["-m", "arctic_training.cli.train", "mine.recipe.yaml", *_TINY]
    trained = _run(train, installed, folder)
    assert trained.code == 0, trained
    assert "step 2/2" in trained.out
    assert (folder / "runs/mine/global_step_2/model.safetensors").exists()


def _run(arguments: list[str], installed: Path, folder: Path) -> Result:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)
