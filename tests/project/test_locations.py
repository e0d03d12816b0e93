"""Where things are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctic_training.project.locations import Project, module_file, package_name
from tests.support import ROOT, write


@pytest.mark.parametrize(
    ("marks", "root"),
    [
        ([], "a/b"),
        (["pyproject.toml"], ""),
        (["a/generated/manifest.json"], "a"),
        (["pyproject.toml", "a/generated/manifest.json"], "a"),
        (["a/pyproject.toml", "generated/manifest.json"], "a"),
        (["a/b/pyproject.toml", "pyproject.toml"], "a/b"),
        (["a/generated/other.json", "manifest.json"], "a/b"),
    ],
)
def test_the_root_is_the_nearest_folder_that_says_so(
    tmp_path: Path, marks: list[str], root: str
) -> None:
    """The root holds a `pyproject.toml` or a manifest; without any, it is the file's own folder."""
    for mark in marks:
        write(tmp_path / mark, "")
    file = write(tmp_path / "a" / "b" / "recipe.yaml", "")
    project = Project.of(file)
    assert project.root == tmp_path / root
    assert project.generated == tmp_path / root / "generated"
    assert project.source_roots == (project.root, project.root / "src", project.generated)
    elsewhere = Project.of(file, output=tmp_path / "out")
    assert (elsewhere.root, elsewhere.generated) == (tmp_path / root, tmp_path / "out")


def test_a_trainer_is_looked_up_in_the_project_first(tmp_path: Path) -> None:
    """A project's own trainer hides an installed one of its name, and others are still found."""
    installed = ROOT / "generated" / "arctic_trainers" / "sft"
    project = Project.of(tmp_path / "recipe.yaml")
    assert project.trainer_package("sft") == installed
    own = tmp_path / "generated" / "arctic_trainers"
    write(own / "sft" / "recipe.schema.json", "{}")
    write(own / "my_own" / "recipe.schema.json", "{}")
    write(own / "unfinished" / "config.py", "")
    assert project.trainer_package("sft") == own / "sft"
    assert project.trainer_package("my-own") == own / "my_own"
    assert project.trainer_package("unfinished") is None
    assert project.trainer_packages()[:2] == [own / "my_own", own / "sft"]
    assert installed in project.trainer_packages()[2:]


@pytest.mark.parametrize("name", ["", ".", "*", "s*", "../sft", "/etc", "a\0b", "sft/", "x" * 5000])
def test_a_name_is_no_pattern_and_no_path(tmp_path: Path, name: str) -> None:
    """Whatever a recipe gives as its type, no other folder is looked into."""
    write(tmp_path / "generated" / "sft" / "recipe.schema.json", "{}")
    assert Project.of(tmp_path / "recipe.yaml").trainer_package(name) is None


def test_a_package_has_the_name_of_its_trainer() -> None:
    """A `-` of a trainer's name is a `_` in that of its package."""
    assert [package_name(name) for name in ("sft", "my-own", "my_own")] == [
        "sft",
        "my_own",
        "my_own",
    ]


def test_a_module_is_found_without_importing_it(tmp_path: Path) -> None:
    """The first folder that has the module or package wins, and nothing is run."""
    first, second = tmp_path / "first", tmp_path / "second"
    package = write(first / "p" / "__init__.py", "raise SystemExit")
    module = write(second / "p" / "m.py", "raise SystemExit")
    assert module_file("p", (first, second)) == package
    assert module_file("p.m", (first, second)) == module
    assert module_file("q", (first, second)) is None
