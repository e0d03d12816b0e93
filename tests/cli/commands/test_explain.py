"""``arctic-gen explain``, ``list`` and ``schema``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from arctic_training.api import checked_recipe, configured
from arctic_training.document import JSON, Pointer
from arctic_training.recipe import defaults
from tests.definition.test_extend import BASE, CHILD
from tests.support import DEFINITION, RECIPE, ROOT, arctic_gen, write


@pytest.mark.parametrize(
    ("key", "where", "words"),
    [
        (
            "learning_rate",
            "recipe of mine: optimizer(fused_adam).learning_rate",
            "takes number, at least 0",
        ),
        ("optimizer.betas", "recipe of mine: optimizer(fused_adam).betas", "[0.9, 0.999]"),
        (
            "micro_batch_size",
            "recipe of mine: micro_batch_size",
            "takes integer, at least 1",
        ),
        ("data_factory_type", "definition: data_factory_type", "the first is the default"),
        ("exclusiveMinimum", "field of a definition: exclusiveMinimum", "such as 0"),
        (
            "uniqueItems",
            "field of a definition: uniqueItems",
            "No value occurs twice in the array.",
        ),
        ("alpha", "recipe of mine: alpha", "Strength."),
    ],
)
def test_a_key_is_explained_by_its_schema(key: str, where: str, words: str, tmp_path: Path) -> None:
    """A key of a definition, of its fields or of a recipe: where it stands, what it takes."""
    write(tmp_path / "mine.yaml", DEFINITION)
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path).code == 0
    done = arctic_gen("explain", key, folder=tmp_path)
    assert done.code == 0
    assert where in done.out.splitlines()
    assert words in done.out


def test_a_key_is_of_a_trainer_by_its_name(tmp_path: Path) -> None:
    """The trainer of a key is called as recipes call it, not as its package is."""
    write(tmp_path / "mine.yaml", DEFINITION.replace("name: mine\n", "name: mine-own\n"))
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path).code == 0
    done = arctic_gen("explain", "alpha", folder=tmp_path)
    assert "recipe of mine-own: alpha" in done.out.splitlines()


def test_a_key_that_nothing_has_is_no_success(tmp_path: Path) -> None:
    """A word that is no key is answered with the nearest that is one."""
    done = arctic_gen("explain", "learning_rat", folder=tmp_path)
    assert done == (
        2,
        "",
        "error: nothing is called `learning_rat`; did you mean `learning_rate`?\n",
    )


def test_a_definition_is_explained_value_by_value(tmp_path: Path) -> None:
    """Each value of a definition is shown with the file and the line that it comes from."""
    write(tmp_path / "base.yaml", BASE)
    write(tmp_path / "child.yaml", CHILD)
    done = arctic_gen("explain", "child.yaml", folder=tmp_path)
    assert done.code == 0
    rows = [line.split() for line in done.out.splitlines()]
    assert ["config_type.properties.alpha.default", "0.9", "(child.yaml:6)"] in rows
    assert ["config_type.properties.alpha.minimum", "0", "(base.yaml:8)"] in rows
    assert ["metrics.loss_ratio", '"mean"', "(base.yaml:18)"] in rows
    assert not [row for row in rows if row[0] == "metrics.accuracy"]
    assert [row for row in rows if not re.fullmatch(r"\((base|child)\.yaml:\d+\)", row[-1])] == []


def test_a_recipe_is_explained_value_by_value(tmp_path: Path) -> None:
    """Each value of a run: from a line of the recipe, from the command line, or a default."""
    write(tmp_path / "r.yaml", RECIPE)
    done = arctic_gen("explain", "r.yaml", "optimizer.learning_rate=1e-3", folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    rows = {row[0]: row[1:] for row in map(str.split, done.out.splitlines())}
    assert rows["micro_batch_size"] == ["2", "(r.yaml:22)"]
    assert rows["optimizer.learning_rate"] == ["0.001", "(command", "line)"]
    assert rows["optimizer.type"][:3] == ['"fused_adam"', "(default", "of"]
    assert rows["model.max_position_embeddings"] == ["2048", "(built-in", "default)"]
    assert rows["deepspeed.zero_optimization.stage"] == ["0", "(built-in", "default)"]
    assert rows["model.peft_config"] == ["null", "(built-in", "default)"]
    assert not [key for key in rows if key.startswith(("model.peft_config.", "checkpoint"))]


def test_what_is_explained_of_a_recipe_is_what_a_run_takes(tmp_path: Path) -> None:
    """The defaults are those of the config models, all of them."""
    write(tmp_path / "r.yaml", RECIPE)
    recipe = checked_recipe(tmp_path / "r.yaml")
    config = configured(recipe).model_dump(mode="json")
    taken = [(way, _value(config, way)) for way, _ in defaults(recipe.document, recipe.schema)]
    assert taken == [*defaults(recipe.document, recipe.schema)]


def test_a_wrong_recipe_is_not_explained(tmp_path: Path) -> None:
    """What is wrong with it is said instead; a definition takes no overrides."""
    write(tmp_path / "r.yaml", RECIPE)
    write(tmp_path / "d.yaml", DEFINITION)
    done = arctic_gen("explain", "r.yaml", "seed=-1", folder=tmp_path)
    assert (done.code, done.out.splitlines()[0]) == (
        1,
        "command line:1:6: error[out-of-range]: `-1` is below the minimum of 0",
    )
    done = arctic_gen("explain", "d.yaml", "seed=-1", folder=tmp_path)
    assert done == (2, "", "error: d.yaml is not a recipe: KEY=VALUE applies to recipes only\n")


def _value(config: JSON, way: Pointer) -> JSON:
    for step in way:
        config = config[0] if isinstance(config, list) and isinstance(step, str) else config
        assert isinstance(config, dict)
        config = config[str(step)]
    return config


def test_what_can_be_named_is_listed(tmp_path: Path) -> None:
    """Trainers of the project and built-in ones, factories with their classes, sources of data."""
    write(tmp_path / "mine.yaml", DEFINITION)
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path).code == 0
    code, out, err = arctic_gen("list", folder=tmp_path)
    assert (code, err) == (0, "")
    assert "  mine: The `mine` trainer.\n" in out
    assert out.count("  sft: ") == 1
    assert "  model random_llama: arctic_training.model.random_llama:RandomLlamaFactory\n" in out
    assert "  python_docs: " in out
    assert "  huggingface_preference: " in out
    assert arctic_gen("list", "sources", folder=tmp_path).out.startswith("sources:\n  ")


def test_a_schema_is_printed_as_it_is(tmp_path: Path) -> None:
    """The schema of definitions and that of a trainer's recipes; another name is no success."""
    definition = arctic_gen("schema", folder=tmp_path)
    assert definition.out == (ROOT / "schemas/trainer.schema.json").read_text(encoding="utf-8")
    recipe = json.loads(arctic_gen("schema", "sft", folder=tmp_path).out)
    assert recipe["properties"]["type"]["const"] == "sft"
    assert arctic_gen("schema", "sff", folder=tmp_path).err.endswith("did you mean `sft`?\n")


_EXTENDED = """\
schema_version: 1
name: child
extends: ./base.yaml
config_type:
  properties:
    beta: {type: integer, default: 3}
    shape:
      type: object
      properties: {width: {type: integer, default: 1}, depth: {type: integer, default: 2}}
      default: {depth: 4}
optimizer_factory_type:
  - name: slow
    class: my_optimizer:SlowFactory
    extends: fused_adam
    config_type: {properties: {patience: {type: integer, default: 5}}}
loss: child_loss:loss
"""


@pytest.fixture
def extended(tmp_path: Path) -> Path:
    """Return a project with a trainer that extends another, and a recipe of it."""
    write(tmp_path / "pyproject.toml", "")
    write(tmp_path / "base.yaml", DEFINITION)
    write(tmp_path / "child.yaml", _EXTENDED)
    made = arctic_gen("new-trainer", "--no-verify", "child.yaml", folder=tmp_path)
    assert made.code == 0, made.out
    write(tmp_path / "r.yaml", RECIPE.replace("type: sft", "type: child"))
    return tmp_path


def _rows(folder: Path, *arguments: str) -> dict[str, str]:
    done = arctic_gen("explain", *arguments, folder=folder)
    assert (done.code, done.err) == (0, "")
    rows = [line.split(maxsplit=1) for line in done.out.splitlines()]
    return {key: place.rpartition("  (")[2].removesuffix(")") for key, place in rows}


def test_a_default_is_told_to_be_the_definitions_or_built_in(extended: Path) -> None:
    """With the line that sets it: of the definition, of its base, of a factory of its own."""
    rows = _rows(extended, "r.yaml")
    assert rows["beta"] == "default of child.yaml:6"
    assert rows["alpha"] == "default of base.yaml:9"
    assert rows["shape.depth"] == "default of child.yaml:10"
    assert rows["shape.width"] == "default of child.yaml:9"
    assert rows["optimizer.type"] == "default of child.yaml:12"
    assert rows["optimizer.patience"] == "default of child.yaml:15"
    assert rows["optimizer.betas"] == "built-in default"
    assert rows["scheduler.type"] == "default of base.yaml:15"
    assert rows["epochs"] == "built-in default"
    assert rows["micro_batch_size"] == "r.yaml:22"
    assert {place for place in rows.values() if place == "default"} == set()


def test_a_default_of_a_built_in_trainer_is_of_its_definition(tmp_path: Path) -> None:
    """Its definition ships with the package, and is shown like one of the project."""
    write(tmp_path / "r.yaml", RECIPE)
    place = _rows(tmp_path, "r.yaml", "optimizer.type")["optimizer.type"]
    assert re.fullmatch(r"default of .*schemas/trainers/sft\.yaml:\d+", place)


def test_what_a_definition_leaves_out_is_built_in(tmp_path: Path) -> None:
    """Its own keys have defaults too."""
    write(tmp_path / "d.yaml", DEFINITION)
    assert _rows(tmp_path, "d.yaml", "coupling") == {"coupling": "built-in default"}


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("shape", ["shape.depth", "shape.width"]),
        ("optimizer.betas", ["optimizer.betas"]),
        ("betas", ["optimizer.betas"]),
        ("checkpoint.output_dir", ["checkpoint.0.output_dir"]),
        ("checkpoint.0.output_dir", ["checkpoint.0.output_dir"]),
        ("hidden_size", ["model.hidden_size"]),
    ],
)
def test_a_key_narrows_what_is_explained(key: str, shown: list[str], extended: Path) -> None:
    """A whole way, one without the numbers of items, a section or the end of a way."""
    text = (extended / "r.yaml").read_text("utf-8") + "checkpoint: [{output_dir: a}]\n"
    write(extended / "r.yaml", text)
    assert sorted(_rows(extended, "r.yaml", key, "seed=7")) == shown


def test_a_key_that_a_file_has_not_is_no_success(extended: Path) -> None:
    """The nearest that it has is named, or how to see all."""
    done = arctic_gen("explain", "r.yaml", "shap.depth", folder=extended)
    assert done == (
        2,
        "",
        "error: nothing in r.yaml is called `shap.depth`; did you mean `shape.depth`?\n",
    )
    done = arctic_gen("explain", "child.yaml", "zzz", folder=extended)
    assert done.err == (
        "error: nothing in child.yaml is called `zzz`; `arctic-gen explain child.yaml` shows all\n"
    )
