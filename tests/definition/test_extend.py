"""Definitions that take over from others: what wins, where it came from, and what is refused."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from arctic_training.definition.definition import Definition
from arctic_training.definition.extend import extend
from arctic_training.definition.stages import read_definitions
from arctic_training.document import JSON, load, plain
from arctic_training.project.locations import Project
from tests.support import DEFINITION, arctic_gen, write

CHILD = """\
schema_version: 1
extends: ./base.yaml
name: child
config_type:
  properties:
    alpha: {default: 0.9}
    gamma: {type: integer, default: 1}
metrics: {accuracy: null, margin: sum}
model_factory_type: huggingface
"""
NUMBERED: dict[str, JSON] = {"schema_version": 1}
BASE = DEFINITION + "metrics: {accuracy: mean, loss_ratio: mean}\ncoupling: micro_batch\n"


def _spec(path: Path) -> Definition:
    loaded, problems = read_definitions([path])
    assert problems == []
    return loaded[0].spec


def _whole(folder: Path, text: str) -> JSON:
    path = write(folder / "child.yaml", text)
    document, _ = load(path)
    assert document is not None
    extended, problems = extend(document, path, Project.of(path))
    assert problems == []
    assert extended is not None
    return plain(extended.tree)


def test_what_a_definition_says_itself_wins(tmp_path: Path) -> None:
    """Fields, metrics and definitions are joined by key; all else is the definition's own."""
    write(tmp_path / "base.yaml", BASE)
    spec = _spec(write(tmp_path / "child.yaml", CHILD))
    alpha, gamma = spec.fields
    assert (spec.name, spec.config_class, spec.coupling) == (
        "child",
        "ChildTrainerConfig",
        "micro_batch",
    )
    assert (alpha.name, alpha.default, alpha.description) == ("alpha", 0.9, "Strength.")
    assert (gamma.name, gamma.default) == ("gamma", 1)
    assert spec.metrics == {"loss_ratio": "mean", "margin": "sum"}
    assert [factory.name for factory in spec.slots[1].factories] == ["huggingface"]
    assert str(spec.loss) == "mine_loss:mine_loss"


def test_every_value_remembers_its_file_and_line(tmp_path: Path) -> None:
    """A value is placed where it was written, in the definition or in what it extends."""
    write(tmp_path / "base.yaml", BASE)
    spec = _spec(write(tmp_path / "child.yaml", CHILD))
    assert spec.loss
    spans = {
        "default": spec.fields[0].span,
        "metric": spec.metric_key("margin"),
        "inherited metric": spec.metric_key("loss_ratio"),
        "inherited loss": spec.span_of("loss"),
    }
    places = {
        what: (Path(span.source.path).name, span.source.lines[span.line - 1].strip())
        for what, span in spans.items()
    }
    assert places == {
        "default": ("child.yaml", "alpha: {default: 0.9}"),
        "metric": ("child.yaml", "metrics: {accuracy: null, margin: sum}"),
        "inherited metric": ("base.yaml", "metrics: {accuracy: mean, loss_ratio: mean}"),
        "inherited loss": ("base.yaml", "loss: mine_loss:mine_loss"),
    }


def test_a_field_that_says_its_type_anew_takes_nothing_over(tmp_path: Path) -> None:
    """A keyword of the old type would say nothing beside the new one."""
    write(tmp_path / "base.yaml", BASE)
    anew = CHILD.replace("{default: 0.9}", "{enum: [low, high], default: low}")
    whole = _whole(tmp_path, anew)
    assert isinstance(whole, dict)
    config = whole["config_type"]
    assert isinstance(config, dict)
    assert isinstance(config["properties"], dict)
    assert config["properties"]["alpha"] == {"enum": ["low", "high"], "default": "low"}


names = st.sampled_from(["a", "b", "c"])
parts = st.fixed_dictionaries(
    {},
    optional={
        "coupling": st.sampled_from(["sample", "global_batch"]),
        "metrics": st.dictionaries(names, st.sampled_from(["mean", "sum", None]), max_size=3),
        "config_type": st.fixed_dictionaries(
            {
                "properties": st.dictionaries(
                    names, st.fixed_dictionaries({}, optional={"default": st.integers(0, 9)})
                )
            }
        ),
    },
)


@given(parts, parts)
def test_joining_is_a_merge_patch(base: dict[str, JSON], own: dict[str, JSON]) -> None:
    """On keys that are joined, the result is that of RFC 7396 (JSON Merge Patch)."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder, "base.yaml"), yaml.safe_dump(base | NUMBERED | {"name": "base"}))
        child = NUMBERED | {"extends": "./base.yaml", "name": "child"} | own
        assert _whole(Path(folder), yaml.safe_dump(child)) == _patched(
            base, NUMBERED | own | {"name": "child"}
        )


def _patched(target: JSON, patch: JSON) -> JSON:
    """Return what RFC 7396 says, but that nulls which take nothing out are kept."""
    if not isinstance(patch, dict) or not isinstance(target, dict):
        return patch
    result = dict(target)
    for key, value in patch.items():
        if value is None and key in result:
            del result[key]
        else:
            result[key] = _patched(result[key], value) if key in result else value
    return result


def test_definitions_extend_each_other_through_files_and_names(tmp_path: Path) -> None:
    """A chain ends in a built-in trainer, and a diamond of references is no cycle."""
    write(tmp_path / "shared/parts.yaml", "definitions: {share: {type: number, default: 0.5}}\n")
    middle = {
        "schema_version": 1,
        "extends": "sft",
        "name": "middle",
        "config_type": {"properties": {"x": {"$ref": "parts.yaml#/definitions/share"}}},
        "definitions": {"own": {"$ref": "parts.yaml#/definitions/share"}},
    }
    write(tmp_path / "shared/middle.yaml", yaml.safe_dump(middle))
    leaf = {
        "schema_version": 1,
        "extends": "shared/middle.yaml",
        "name": "leaf",
        "config_type": {"properties": {"y": {"$ref": "#/definitions/own"}}},
    }
    write(tmp_path / "pyproject.toml", "")
    spec = _spec(write(tmp_path / "leaf.yaml", yaml.safe_dump(leaf)))
    assert [(field.name, field.default) for field in spec.fields] == [("x", 0.5), ("y", 0.5)]
    assert str(spec.loss) == "arctic_training.losses.language_modeling:next_token_loss"
    assert "extends" not in spec.places


@pytest.mark.parametrize(
    ("named", "code"),
    [("b.yaml", "cycle"), ("../out.yaml", "not-supported"), ("gone.yaml", "unknown-definition")],
)
def test_what_cannot_be_extended_is_refused(named: str, code: str, tmp_path: Path) -> None:
    """A cycle is shown as its chain; a file outside the project, or none, is named."""
    write(tmp_path / "out.yaml", DEFINITION)
    write(tmp_path / "p/b.yaml", "schema_version: 1\nextends: ./a.yaml\n")
    path = write(tmp_path / "p/a.yaml", f"schema_version: 1\nextends: {named}\nname: a\n")
    (problem,) = read_definitions([path])[1]
    assert problem.code == code
    if code == "cycle":
        assert [Path(part).name for part in problem.message.split(" -> ")][1:] == [
            "b.yaml",
            "a.yaml",
        ]
        assert [Path(step.span.source.path).name for step in problem.related] == ["a.yaml"]


def test_a_mistake_in_what_is_extended_is_shown_there(tmp_path: Path) -> None:
    """What is wrong in a base is an error of the base, at its line, once."""
    write(tmp_path / "base.yaml", BASE.replace("default: 0.5", "default: -1"))
    child = CHILD.replace("    alpha: {default: 0.9}\n", "")
    (problem,) = read_definitions([write(tmp_path / "child.yaml", child)])[1]
    assert (problem.code, Path(problem.span.source.path).name) == ("out-of-range", "base.yaml")


def test_the_class_is_flat_and_drift_of_the_base_is_seen(tmp_path: Path) -> None:
    """The class derives from no other trainer's; when the base changes, `check` says so."""
    write(tmp_path / "base.yaml", BASE)
    write(tmp_path / "child.yaml", CHILD)
    assert arctic_gen("new-trainer", "--no-verify", "child.yaml", folder=tmp_path).code == 0
    made = (tmp_path / "generated/arctic_trainers/child/config.py").read_text(encoding="utf-8")
    assert "class ChildTrainerConfig(TrainerConfig, frozen=True):" in made
    assert arctic_gen("check", "--no-verify", folder=tmp_path).code == 0
    write(tmp_path / "base.yaml", BASE.replace("Strength.", "Power."))
    drift = arctic_gen("check", "--no-verify", folder=tmp_path)
    assert (drift.code, drift.out.count("error[drift]")) == (1, 3)


def test_a_loss_serves_trainers_that_extend_its_own(tmp_path: Path) -> None:
    """What extends `dpo` has its nested section, and its loss takes the other config, typed."""
    text = "schema_version: 1\nextends: dpo\nname: bold\n"
    text += "config_type: {properties: {beta: {default: 0.5}}}\n"
    spec = _spec(write(tmp_path / "bold.yaml", text))
    assert [slot.slot.section for slot in spec.nested] == ["ref_model"]
    assert spec.nested[0].factories == spec.slots[1].factories
    done = arctic_gen("new-trainer", "bold.yaml", folder=tmp_path)
    assert done.code == 0, done.out
    made = (tmp_path / "generated/arctic_trainers/bold/trainer.py").read_text(encoding="utf-8")
    assert "def make_frozen_model_factories(self)" in made


def test_a_trainer_that_begins_from_dpo_type_checks(tmp_path: Path) -> None:
    """`init --from dpo` begins with the loss of `dpo`, and neither mypy nor lint finds anything."""
    assert arctic_gen("init", "bold", "--from", "dpo", folder=tmp_path).code == 0
    done = arctic_gen("new-trainer", "bold.yaml", folder=tmp_path)
    assert done.code == 0, done.out
    assert "return dpo_loss(trainer, batch)" in (tmp_path / "bold_loss.py").read_text("utf-8")
    assert arctic_gen("lint", "--strict", folder=tmp_path).code == 0
