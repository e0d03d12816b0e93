"""What is generated, as bytes and as modules."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import jsonschema
import pytest
from ruff import find_ruff_bin

from arctic_training.codegen import record
from arctic_training.codegen.templates import TEMPLATES
from tests.support import RICH_DEFINITION, ROOT, arctic_gen, python, write


def _tree(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


_WORDS = "description: Gr\xf6\xdfe, \u4e2d\u6587 and \U0001f600.\nmetrics: {b: mean, a: sum}\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a project in which the rich definition was generated."""
    folder = tmp_path_factory.mktemp("project")
    write(folder / "mine.yaml", RICH_DEFINITION + _WORDS)
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=folder).code == 0
    return folder


def test_built_in_trainers_are_what_their_definitions_make() -> None:
    """``generated/`` holds the very bytes that the definitions make, and they type-check."""
    result = arctic_gen("check", folder=ROOT)
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith("trainers are what their definitions make\n")


_LOCALES = [
    {"LC_ALL": "C.UTF-8"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},  # texts are ASCII by default
    {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"},
]
_ZONES = ["UTC", "Pacific/Kiritimati", "America/St_Johns"]
_PLACES = ["/", ".", "elsewhere"]


class _Surroundings(NamedTuple):
    seed: int
    language: dict[str, str]
    zone: str
    place: str


_SURROUNDINGS = [
    _Surroundings(seed, _LOCALES[seed % 3], _ZONES[seed // 3 % 3], _PLACES[seed // 9 % 3])
    for seed in range(32)
]
"""Each seed of hashes; each locale with each time zone and each current folder."""


@pytest.mark.parametrize(
    "around",
    [
        pytest.param(each, marks=() if each.seed in {1, 14, 21} else pytest.mark.full)
        for each in _SURROUNDINGS
    ],
    ids=lambda around: f"{around.seed}",
)
def test_same_definition_same_bytes(around: _Surroundings, project: Path, tmp_path: Path) -> None:
    """No byte depends on hashes, locale, time zone, the folder or where the command runs."""
    path = write(tmp_path / "a b/\xe9/mine.yaml", RICH_DEFINITION + _WORDS)
    (tmp_path / "elsewhere").mkdir()
    folder = tmp_path / around.place
    named = str(path) if around.place == "/" else os.path.relpath(path, folder)
    command = [sys.executable, "-m", "arctic_training.cli.gen", "new-trainer", "--no-verify", named]
    environment = os.environ | around.language
    environment |= {"PYTHONHASHSEED": str(around.seed), "TZ": around.zone}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    assert _tree(path.parent) == _tree(project)


def test_settings_of_the_users_have_no_say_in_the_layout(project: Path, tmp_path: Path) -> None:
    """Ruff's settings in the project or in a folder above it change no byte."""
    folder = tmp_path / "above" / "project"
    write(folder / "mine.yaml", RICH_DEFINITION + _WORDS)
    for place in (folder.parent, folder):
        write(place / "ruff.toml", 'line-length = 20\n[format]\nquote-style = "single"\n')
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=folder).code == 0
    assert _tree(folder / "generated") == _tree(project / "generated")
    assert (folder / "mine_loss.py").read_bytes() == (project / "mine_loss.py").read_bytes()


def test_layout_is_final(project: Path) -> None:
    """Ruff has nothing to lay out, nor to put into order among imports, exports and names."""
    common = ["--isolated", "--no-cache", "--line-length", "100"]
    common += [str(project / "generated"), str(project / "mine_loss.py")]
    ours = "lint.isort.known-first-party=['arctic_training', 'arctic_trainers', 'mine_loss']"
    lint = ["check", "--select", "F,I,RUF022,UP,E", "--config", ours]
    for verb in (["format", "--check"], lint):
        command = [find_ruff_bin(), *verb, *common]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_manifest_is_sorted_and_says_nothing_of_the_machine(project: Path) -> None:
    """The record has sorted keys, relative paths and hashes, and no more."""
    text = (project / "generated/manifest.json").read_text(encoding="utf-8")
    manifest = json.loads(text)
    files = manifest["trainers"]["mine"]["files"]
    assert list(files) == sorted(files)
    assert {f"generated/{path}" for path in files} | {
        "generated/manifest.json",
        "mine.yaml",
        "mine.recipe.yaml",
        "mine_loss.py",
    } == set(_tree(project))
    schema = json.loads((ROOT / "schemas/manifest.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.Draft7Validator(schema).validate(manifest)
    assert str(project) not in text
    made_from = manifest["trainers"]["mine"]["made_from"]
    assert list(made_from) == sorted(made_from)
    shipped = {f"arctic_training/{path}" for path in _SHIPPED}
    assert {"mine.yaml", *shipped} == set(made_from)
    for path, made in (made_from | {f"generated/{p}": made for p, made in files.items()}).items():
        root = ROOT if path in shipped else project
        content = (root / path.removeprefix("arctic_training/")).read_bytes()
        assert made == f"sha256:{hashlib.sha256(content).hexdigest()}", path


_SHIPPED = [
    *("schemas/trainer.schema.json", "schemas/sections.schema.json"),
    *(f"templates/{name}" for name in TEMPLATES),
]


def test_deleted_and_generated_again_it_is_the_same(project: Path, tmp_path: Path) -> None:
    """The manifest and all files come back with the same bytes."""
    shutil.copytree(project, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy/generated")
    folder = tmp_path / "copy"
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=folder).code == 0
    assert _tree(folder) == _tree(project)


def test_an_upgrade_that_changes_nothing_writes_nothing(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Versions in the manifest are those that first made its files, until something changes."""
    shutil.copytree(project, folder := tmp_path / "copy")
    before = _tree(folder)
    monkeypatch.setattr(record, "version", lambda name: f"99 of {name}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=folder).code == 0
    assert _tree(folder) == before
    write(folder / "mine.yaml", RICH_DEFINITION.replace("Strength", "Power"))
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=folder).code == 0
    assert "99 of ruff" in (folder / "generated/manifest.json").read_text("utf-8")


def test_generated_code_has_no_way_around_types(project: Path) -> None:
    """No `Any`, no cast and no ignored error is generated."""
    code = b"".join(text for path, text in _tree(project).items() if path.endswith(".py"))
    assert re.findall(rb"\bAny\b|\bcast\b|type: ignore|noqa", code) == []


def test_config_needs_no_torch(project: Path) -> None:
    """The package and its config import without torch, although the trainer is offered there."""
    code = """
import sys
import arctic_trainers.mine
from arctic_trainers.mine import MineTrainerConfig
assert arctic_trainers.mine.__all__ == ["MineTrainer", "MineTrainerConfig"]
assert {"torch", "transformers"}.isdisjoint(sys.modules)
"""
    path = write(project / "../light.py", f"import sys; sys.path[:0] = ['generated']\n{code}")
    assert python(path, folder=project) == (0, "", "")


@pytest.mark.parametrize(
    "order", [("arctic_trainers.mine", "mine_loss"), ("mine_loss", "arctic_trainers.mine")]
)
def test_loss_and_trainer_import_in_either_order(
    order: tuple[str, str], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loss that reads its config and a trainer that calls the loss are no import cycle."""
    monkeypatch.setattr(sys, "path", [str(project), str(project / "generated"), *sys.path])
    for name in [n for n in sys.modules if n.startswith(("arctic_trainers.mine", "mine_loss"))]:
        monkeypatch.delitem(sys.modules, name)
    for name in order:
        module = importlib.import_module(name)
        for exported in getattr(module, "__all__", ["mine_loss"]):
            assert callable(getattr(module, exported))
