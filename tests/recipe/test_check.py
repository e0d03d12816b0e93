"""Recipes completed: numbers made, paths from where they were written."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctic_training.document import JSON, load
from arctic_training.project.locations import Project
from arctic_training.recipe import apply_overrides, check_recipe
from tests.support import arctic_gen, write

_RECIPE = """\
model:
  name_or_path: {model}
data:
  sources:
    - type: huggingface_instruct
      name_or_path: {model}
checkpoint:
  output_dir: {path}
epochs: 200%
micro_batch_size: 1Ki
optimizer:
  betas: [90%, 0.999]
"""


def _values(file: Path, *overrides: str) -> dict[str, JSON]:
    recipe, problems = load(file)
    assert recipe is not None
    recipe, wrong = apply_overrides(recipe, overrides)
    checked, found = check_recipe(recipe, Project.of(file))
    assert checked is not None, found
    assert [*problems, *wrong, *found] == []
    return checked.values


def _output_dir(values: dict[str, JSON]) -> JSON:
    checkpoint = values["checkpoint"]
    assert isinstance(checkpoint, dict)
    return checkpoint["output_dir"]


@pytest.mark.parametrize(
    ("written", "of_path", "of_name"),
    [
        ("runs", "{recipe}/runs", "runs"),
        ("org/name", "{recipe}/org/name", "org/name"),
        ("./runs", "{recipe}/runs", "{recipe}/runs"),
        ("../runs/./x", "{project}/runs/x", "{project}/runs/x"),
        ("/abs/x", "/abs/x", "/abs/x"),
        ("~/x", "{home}/x", "{home}/x"),
        ("~no-user/x", "{recipe}/~no-user/x", "{recipe}/~no-user/x"),
    ],
)  # fmt: skip
def test_paths_start_at_the_recipe_and_names_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, of_path: str, of_name: str
) -> None:
    """A relative path starts at the recipe; what may be a name does only if it looks so."""
    places = {"recipe": tmp_path / "recipes", "project": tmp_path, "home": tmp_path / "home"}
    monkeypatch.setenv("HOME", str(places["home"]))
    text = _RECIPE.format(model=written, path=written)
    values = _values(write(tmp_path / "recipes" / "a.yaml", text))
    assert _output_dir(values) == of_path.format(**places)
    assert values["model"] == {"name_or_path": of_name.format(**places)}
    assert values["data"] == {
        "sources": [{"type": "huggingface_instruct", "name_or_path": of_name.format(**places)}]
    }


def test_paths_of_the_command_line_start_where_it_was_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path that replaces the recipe's starts at the current folder."""
    file = write(tmp_path / "recipes" / "a.yaml", _RECIPE.format(model="x", path="y"))
    monkeypatch.chdir(tmp_path)
    values = _values(file, "checkpoint.output_dir=runs", "train_log_metrics_path=log.jsonl")
    assert _output_dir(values) == str(tmp_path / "runs")
    assert values["train_log_metrics_path"] == str(tmp_path / "log.jsonl")


def test_numbers_are_made_where_numbers_belong(tmp_path: Path) -> None:
    """A text that stands for a number becomes it in a field of numbers, and nowhere else."""
    values = _values(write(tmp_path / "a.yaml", _RECIPE.format(model="2k", path="50%")))
    assert (values["epochs"], values["micro_batch_size"]) == (2, 1024)
    assert values["optimizer"] == {"betas": [0.9, 0.999]}
    assert values["model"] == {"name_or_path": "2k"}
    assert _output_dir(values) == str(tmp_path / "50%")


@pytest.mark.parametrize("written", ["lr", "learning_rate"])
@pytest.mark.parametrize("overridden", ["lr", "learning_rate"])
def test_the_command_line_overrides_a_key_under_any_of_its_names(
    tmp_path: Path, written: str, overridden: str
) -> None:
    """A value of the command line holds, whichever name of the key the recipe has."""
    text = _RECIPE.format(model="./model", path="./runs").replace(
        "betas: [90%, 0.999]", f"{written}: 1"
    )
    recipe, _ = load(write(tmp_path / "recipe.yaml", text))
    assert recipe is not None
    recipe, wrong = apply_overrides(recipe, [f"optimizer.{overridden}=2"])
    checked, found = check_recipe(recipe, Project.of(tmp_path / "recipe.yaml"))
    assert checked is not None, found
    assert checked.values["optimizer"] == {"learning_rate": 2}
    assert [problem.severity for problem in [*wrong, *found]] == ["warning"] * (overridden == "lr")


@pytest.mark.parametrize("command", [("validate", "r.yaml"), ("list",), ("explain", "epochs")])
def test_a_damaged_schema_is_named(command: tuple[str, ...], tmp_path: Path) -> None:
    """A generated schema that is no JSON any more is named, with what makes it anew; no bug."""
    write(tmp_path / "r.yaml", "type: mine\nmodel: {}\n")
    place = "generated/arctic_trainers/mine/recipe.schema.json"
    write(tmp_path / place, "<<<<<<< ours\n")
    write(tmp_path / "pyproject.toml", "")
    done = arctic_gen(*command, folder=tmp_path)
    assert done.code == 2
    assert done.err.startswith(f"error: {place}: invalid JSON; generate it again: arctic-gen")
