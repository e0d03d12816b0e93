"""Fields that were renamed, or are on their way out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from arctic_training.config.trainer import TrainerConfig
from arctic_training.diagnostics import Source, has_errors
from arctic_training.document import JSON, parse, plain
from arctic_training.validation import check, completed
from tests.codegen.made import SECTIONS, model_of
from tests.definition.fields.test_reading import Field, _near, fields, scalars
from tests.support import DEFINITION, RECIPE, arctic_gen, arctic_train, write

_X = ("x", "x_was", "x_was_before")
_Y = ("y", "y_was")

renamable = fields.filter(lambda field: "const" not in field and "'path'" not in repr(field))


def _renamed(field: Field, former: tuple[str, ...]) -> Field:
    return field | {"renamed_from": [*former]}


def _values(names: tuple[str, ...], field: Field) -> st.SearchStrategy[dict[str, JSON]]:
    """Draw values of a field under one of its names, as a rule, or under none or two."""
    count = st.sampled_from([1, 1, 1, 1, 0, 2])
    chosen = count.flatmap(lambda n: st.permutations(names).map(lambda some: some[:n]))
    value = _near(field) | scalars
    return chosen.flatmap(lambda some: st.fixed_dictionaries(dict.fromkeys(some, value)))


def _read(model: type[TrainerConfig], recipe: Mapping[str, JSON]) -> TrainerConfig | None:
    try:
        return model.model_validate(recipe)
    except ValidationError:
        return None


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_schema_and_model_take_the_same_names(data: st.DataObject) -> None:
    """A recipe may use one name of a field; the schema, the check and the model agree on it.

    What is read is what today's name would have given, and each former name is one warning.
    """
    outer, inner = data.draw(renamable, "x"), data.draw(renamable, "y")
    deep: Field = {"type": "object", "properties": {"y": _renamed(inner, _Y[1:])}}
    model, schema = model_of({"x": _renamed(outer, _X[1:]), "deep": deep})
    above = data.draw(_values(_X, outer), "values of x")
    below = data.draw(_values(_Y, inner), "values of y")
    recipe = SECTIONS | above | {"deep": below}
    node, _ = parse(Source("recipe.json", json.dumps(recipe)))
    assert node is not None
    read, found = _read(model, recipe), check(node, schema)
    verdict = read is not None
    assert verdict == (not has_errors(found)), [problem.sentence for problem in found]
    assert verdict == (not [*schema.errors(recipe)])
    if verdict:
        assert repr(read) == repr(model.model_validate(plain(completed(node, schema))))
        warned = [problem.span.text.strip('"') for problem in found]
        assert sorted(warned) == sorted({*above, *below} - {_X[0], _Y[0]})


_GROWN = DEFINITION.replace("    alpha:\n", "    beta:\n").replace(
    "      description: Strength.\n",
    """\
      description: Strength.
      renamed_from: [alpha]
    teacher:
      type: object
      properties:
        size: {type: integer, renamed_from: [width]}
        depth: {type: integer, default: 1, deprecated: Leave it out.}
    ref_model: {factory: model, renamed_from: [reference], deprecated: Take `teacher`.}
""",
)
_OLD = RECIPE.replace("type: sft", "type: mine", 1) + (
    "alpha: 0.25\nteacher: {width: 3, depth: 2}\nreference: {type: random_llama}\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project whose trainer has other names than its recipe."""
    write(tmp_path / "mine.yaml", _GROWN)
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path).code == 0
    write(tmp_path / "r.yaml", _OLD)
    return tmp_path


def test_an_old_recipe_loads_with_a_warning_for_each_old_name(project: Path) -> None:
    """Each warning has the place of the old key, and says the new name or what to do."""
    done = arctic_train("--dry-run", "r.yaml", folder=project)
    assert done.code == 0
    assert [line for line in done.out.splitlines() if line.startswith("r.yaml:")] == [
        "r.yaml:23:1: warning[deprecated-key]: `alpha` is called `beta` now",
        "r.yaml:24:11: warning[deprecated-key]: `width` is called `size` now",
        "r.yaml:24:21: warning[deprecated-key]: `depth` is deprecated: Leave it out.",
        "r.yaml:25:1: warning[deprecated-key]: `reference` is called `ref_model` now",
    ]


def test_what_is_deprecated_is_said_to_be_so_everywhere(project: Path) -> None:
    """Docstring, recipe schema and page say what to do without a deprecated field."""
    package = project / "generated/arctic_trainers/mine"
    for name in ("config.py", "recipe.schema.json", "README.md"):
        assert "Leave it out." in (package / name).read_text(encoding="utf-8"), name


def test_generated_code_with_former_names_type_checks(project: Path) -> None:
    """The type checker knows today's names alone."""
    assert arctic_gen("new-trainer", "mine.yaml", folder=project).code == 0


def test_a_default_may_use_a_former_name(tmp_path: Path) -> None:
    """A default is read as a recipe is; the definition gets the warning."""
    text = _GROWN.replace("  teacher:\n", "  teacher:\n      default: {width: 2k}\n")
    write(tmp_path / "mine.yaml", text)
    done = arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path)
    assert (done.code, done.out.count("warning[deprecated-key]: `width`")) == (0, 1)
    made = (tmp_path / "generated/arctic_trainers/mine/config.py").read_text(encoding="utf-8")
    assert "teacher: MineTeacherConfig = MineTeacherConfig(size=2000)" in made
