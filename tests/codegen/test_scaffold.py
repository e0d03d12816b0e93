"""What a user begins with holds together with the definition that it was made from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arctic_training.definition.fields.json_types import json_schema
from arctic_training.definition.fields.sample_values import sample
from arctic_training.definition.fields.types import ListType, NullableType, ScalarType
from arctic_training.diagnostics import Diagnostic, Source
from arctic_training.document import JSON, Node, parse
from arctic_training.validation import Schema
from tests.support import DEFINITION, ROOT, arctic_gen, write

_BUILT_IN = sorted(
    path for path in (ROOT / "schemas/trainers").glob("*.yaml") if ".recipe" not in path.name
)

ends = st.integers(-20, 20) | st.floats(-20, 20)


@given(
    st.sampled_from(["minimum", "exclusiveMinimum", None]),
    st.sampled_from(["maximum", "exclusiveMaximum", None]),
    ends,
    st.floats(0.1, 5),
    st.integers(1, 5) | st.none(),
)
def test_a_sample_keeps_to_its_limits(
    low: str | None, high: str | None, start: float, width: float, step: int | None
) -> None:
    """A number that is put into a recipe for want of a default is one that its field takes."""
    begin, end = start, start + width
    if step:
        begin, end = round(start), round(start) + 2 * step
    limits = {key: limit for key, limit in ((low, begin), (high, end)) if key}
    if step:
        limits["multipleOf"] = step
    number = ScalarType("integer" if step else "number", tuple(limits.items()))
    for kind in (number, ListType(number, (("minItems", 2),)), NullableType(number)):
        schema = Schema(cast("dict[str, JSON]", json_schema(kind)))
        assert [*schema.errors(sample(kind))] == []


def test_a_definition_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loss begins as that of the trainer which is extended, without a second look at the file.

    Else a change in between would be in a part of what is made.
    """
    parsed: list[str] = []

    def counted(source: Source) -> tuple[Node | None, list[Diagnostic]]:
        parsed.append(Path(source.path).name)
        return parse(source)

    monkeypatch.setattr(sys.modules["arctic_training.document.load"], "parse", counted)
    text = "schema_version: 1\nname: mine\nextends: sft\nloss: mine_loss:loss\n"
    write(tmp_path / "mine.yaml", text)
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path).code == 0
    assert "next_token_loss(trainer, batch)" in (tmp_path / "mine_loss.py").read_text("utf-8")
    assert parsed.count("mine.yaml") == 1


@pytest.mark.parametrize("definition", _BUILT_IN, ids=lambda path: path.stem)
def test_built_in_definitions_are_short_and_begin_well(definition: Path, tmp_path: Path) -> None:
    """A built-in trainer takes at most 40 lines; its recipes are right."""
    assert len(definition.read_text(encoding="utf-8").splitlines()) <= 40
    shipped = definition.with_suffix(".recipe.yaml")
    assert arctic_gen("validate", shipped, folder=tmp_path).code == 0
    write(tmp_path / "pyproject.toml", "")
    folder = tmp_path / "schemas/trainers"
    copy = write(folder / definition.name, definition.read_text(encoding="utf-8"))
    made = arctic_gen("new-trainer", "--no-verify", copy, folder=folder)
    assert f"begin {shipped.name}" in made.out
    begun = arctic_gen("validate", shipped.name, folder=folder)
    assert begun.code == 0, begun.out


@pytest.mark.parametrize("scheduler", ["huggingface", "wsd"])
def test_a_recipe_begins_with_what_its_scheduler_needs(scheduler: str, tmp_path: Path) -> None:
    """Of whatever scheduler a trainer takes first, the recipe that is begun is right."""
    key = "scheduler_factory_type: "
    write(tmp_path / "mine.yaml", DEFINITION.replace(f"{key}huggingface", key + scheduler))
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path).code == 0
    assert arctic_gen("validate", "mine.recipe.yaml", folder=tmp_path).code == 0


@pytest.mark.parametrize(
    ("there", "module", "file"),
    [
        ("src/ours/__init__.py", "ours.losses", "src/ours/losses.py"),
        ("src/ours/deep/__init__.py", "ours.deep.losses", "src/ours/deep/losses.py"),
        ("src/ours/__init__.py", "ours.deep.losses", "src/ours/deep/losses.py"),
        ("ours/__init__.py", "ours.losses", "ours/losses.py"),
        ("src/others/__init__.py", "ours.losses", "ours/losses.py"),
        ("src/ours/other.py", "ours.losses", "src/ours/losses.py"),
        ("src/ours/deep/other.py", "ours.deep.losses", "src/ours/deep/losses.py"),
        ("src/ours/other.py", "ours.deep.losses", "src/ours/deep/losses.py"),
        ("generated/ours/other.py", "ours.losses", "ours/losses.py"),
    ],
)
def test_a_module_begins_in_its_package(there: str, module: str, file: str, tmp_path: Path) -> None:
    """A module is begun where its package is, in `src` too: elsewhere it could not be imported."""
    write(tmp_path / "pyproject.toml", "")
    write(tmp_path / there, "")
    write(tmp_path / "mine.yaml", DEFINITION.replace("mine_loss:", f"{module}:"))
    made = arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path)
    assert f"begin {file}, which is yours" in made.out.splitlines()
    assert (tmp_path / file).is_file()


def test_a_folder_is_no_package_where_another_has_its_name(tmp_path: Path) -> None:
    """Python imports from the one with `__init__.py`, wherever the folder without stands."""
    write(tmp_path / "pyproject.toml", "")
    write(tmp_path / "ours/deep/notes.txt", "")
    write(tmp_path / "src/ours/__init__.py", "")
    write(tmp_path / "mine.yaml", DEFINITION.replace("mine_loss:", "ours.deep.losses:"))
    made = arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path)
    assert "begin src/ours/deep/losses.py, which is yours" in made.out.splitlines()


def test_a_loss_in_a_package_without_init_is_generated_and_type_checked(tmp_path: Path) -> None:
    """A second run sees it where it was begun, and reports what is wrong in it at its line."""
    write(tmp_path / "pyproject.toml", "")
    write(tmp_path / "src/ours/other.py", "")
    write(tmp_path / "mine.yaml", DEFINITION.replace("mine_loss:", "ours.losses:"))
    assert arctic_gen("new-trainer", "mine.yaml", folder=tmp_path).code == 0
    assert arctic_gen("check", folder=tmp_path).code == 0
    loss = tmp_path / "src/ours/losses.py"
    loss.write_text(loss.read_text("utf-8") + "wrong: int = 'text'\n", "utf-8")
    done = arctic_gen("new-trainer", "mine.yaml", folder=tmp_path)
    assert done.code == 1
    assert done.out.startswith("src/ours/losses.py:")


_METRICS = "metrics: {accuracy: mean, novelty: mean, size: sum}\n"


@pytest.mark.parametrize(
    ("data", "accuracy"),
    [
        ("sft", "Term(sum=(logits.argmax(-1) == labels).sum(), count=count)"),
        ("causal", "Term(sum=(logits.argmax(-1) == labels).sum(), count=count)"),
        ("dpo", "Term(sum=(chosen > rejected).sum(), count=count)"),
        ("unpaired", "Term(sum=0.0, count=0)"),
    ],
)
def test_no_metric_begins_as_something_else(data: str, accuracy: str, tmp_path: Path) -> None:
    """A first loss returns a metric as what its name says, or as nothing, with a place to fill in.

    The rules about losses have nothing to say of it.
    """
    definition = DEFINITION.replace("data_factory_type: sft", f"data_factory_type: {data}")
    write(tmp_path / "mine.yaml", definition + _METRICS)
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path).code == 0
    loss = (tmp_path / "mine_loss.py").read_text("utf-8")
    assert f'"accuracy": {accuracy}' in loss
    assert '"novelty": Term(sum=0.0, count=0)' in loss
    assert loss.count("# To do: ") == 2 + (data == "unpaired")
    found = arctic_gen("lint", "mine.yaml", folder=tmp_path).out
    assert not [rule for rule in ("term-is-loss", "metric", "mean-as-sum") if f"[{rule}" in found]
