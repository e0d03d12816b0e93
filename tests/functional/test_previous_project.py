"""A project that was made with the previous version, as its `arctic-gen` left it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support import ROOT, arctic_gen, arctic_train, python

FIXTURE = ROOT / "tests/fixtures/previous_project"
_OTHER = "error[other-interface]: trainer `smoothed` was generated for interface 1"
_REMEDY = "generate it again: arctic-gen new-trainer smoothed.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of the project."""
    return shutil.copytree(FIXTURE, tmp_path / "project")


def test_an_older_interface_is_refused_with_the_command(project: Path) -> None:
    """Each command that would import or list the trainer names how to regenerate it."""
    train = arctic_train("--dry-run", "smoothed.recipe.yaml", folder=project)
    validate = arctic_gen("validate", ".", folder=project)
    test = arctic_gen("test", "smoothed", folder=project)
    for done in (train, validate, test):
        assert done.code == 1
        assert _OTHER in done.out
        assert _REMEDY in done.out
    listed = arctic_gen("list", "trainers", folder=project)
    assert _REMEDY in listed.out
    assert "error[drift]" in arctic_gen("check", "--no-verify", folder=project).out


def test_imports_that_broke_are_errors_before_types_are_checked(project: Path) -> None:
    """`new-trainer` and `check` show the broken imports alone, with the command that mends them."""
    for command in (("new-trainer", "smoothed.yaml"), ("check",)):
        done = arctic_gen(*command, folder=project)
        assert done.code == 1
        assert done.out.count("error[moved-import]") == 3
        assert "error[type-error]" not in done.out
        assert "`arctic-gen migrate old_project/losses.py`" in done.out


def test_migrate_and_new_trainer_carry_it_over(project: Path) -> None:
    """After the two commands it type-checks, is up to date, and trains as it did."""
    migrated = arctic_gen("migrate", ".", folder=project)
    assert migrated.code == 0, migrated
    names = ["callbacks", "losses", "optimizers"]
    files = ["smoothed.recipe.yaml", "train.py", *(f"old_project/{name}.py" for name in names)]
    assert migrated.err.splitlines() == [f"migrated {file}" for file in files]
    assert "# a decay for matrices alone\n" in (project / files[-1]).read_text()
    made = arctic_gen("new-trainer", "smoothed.yaml", folder=project)
    assert made.code == 0, made
    manifest = json.loads((project / "generated/manifest.json").read_text())
    assert manifest["interface"] == 2
    done = python("train.py", folder=project)
    assert done.code == 0, done
    assert "Factory: 2 steps" in done.out
    assert arctic_gen("migrate", "--check", ".", folder=project).code == 0
