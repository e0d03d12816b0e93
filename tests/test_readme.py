"""The README and the page for contributors: what they show exists, and what they say works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT, arctic_gen, write

_README = (ROOT / "README.md").read_text(encoding="utf-8")
_CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
_TRAINER = _README.partition("## In a project of your own\n")[0]
_SHOWN = re.findall(r"^`([^`]+)`, [^\n]*:\n\n```\w+\n(.*?)^```", _README, re.MULTILINE | re.DOTALL)


def _commands(text: str) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line.partition("  #")[0].rstrip() for block in blocks for line in block.splitlines()]


def _make(text: str) -> list[str]:
    inline = re.findall(r"`(make [a-z-]+)`", text)
    return [line for line in _commands(text) + inline if line.startswith("make ")]


@pytest.mark.parametrize(("path", "text"), _SHOWN, ids=[path for path, _ in _SHOWN])
def test_files_are_shown_as_they_are(path: str, text: str) -> None:
    """A file in the README is the file of that name."""
    assert (ROOT / path).read_text(encoding="utf-8") == text


def test_it_is_short() -> None:
    """The README is read in one go: at most 120 lines."""
    assert len(_README.splitlines()) <= 120


def test_the_definition_is_short() -> None:
    """The README shows a definition of about twenty lines and its loss."""
    assert [Path(path).suffix for path, _ in _SHOWN] == [".yaml", ".py"]
    assert _SHOWN[0][1].count("\n") <= 22


def test_the_walk_through_works(tmp_path: Path) -> None:
    """The README's commands on its example, typed one after the other, all succeed."""
    shutil.copytree(ROOT / "examples/focal", tmp_path / "examples/focal", ignore=_not_committed)
    script = [line for line in _commands(_TRAINER) if not line.startswith("make ")]
    assert any("new-trainer" in line for line in script)
    (tmp_path / ".venv").symlink_to(sys.prefix)  # what `make` sets up
    path = os.pathsep.join(
        folder
        for folder in os.environ["PATH"].split(os.pathsep)
        if not Path(folder, "arctic-gen").exists()
    )
    done = subprocess.run(
        ["sh", "-euc", "\n".join(script)],  # noqa: S607 - what the README says to type
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "loss" in done.stdout
    assert list((tmp_path / "examples/focal/runs/short").glob("global_step_20/model.safetensors"))


@pytest.mark.parametrize("line", _make(_README) + _make(_CONTRIBUTING))
def test_targets_exist(line: str) -> None:
    """Every target of make that the README or the page for contributors names exists."""
    done = subprocess.run(
        ["make", "--dry-run", *line.split()[1:]],  # noqa: S607 - what the README says to type
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0


def test_links_lead_somewhere() -> None:
    """Every link of a page at the root to a file of the checkout leads to one."""
    pages = [*ROOT.glob("*.md"), ROOT / "llms.txt"]
    assert len(pages) >= 5
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (ROOT / target).exists(), (page.name, target)


def test_what_contributors_are_sent_to_is_there() -> None:
    """Every file and folder that the page for contributors names exists."""
    named = re.findall(r"`([\w.]+/[\w./-]*)`", _CONTRIBUTING)
    assert len(named) > 20
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_error_is_what_is_printed(tmp_path: Path) -> None:
    """The diagnostic in the README is what a recipe with that mistake gets."""
    match = re.search(r"```text\n(.*?)```", _README, re.DOTALL)
    assert match
    recipe = (ROOT / "examples/focal/focal.recipe.yaml").read_text(encoding="utf-8")
    wrong = recipe.replace("micro_batch_size", "micro_batch_szie").replace("gamma: 1.0\n", "\n")
    path = write(tmp_path / "recipe.yaml", wrong.replace("type: focal", "type: sft"))
    assert arctic_gen("validate", path.name, folder=tmp_path).out == match[1]


def _not_committed(folder: str, names: list[str]) -> set[str]:
    return {"generated", "runs", "__pycache__"} & set(names) if folder else set()
