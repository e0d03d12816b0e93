"""What an editor is told about a definition and a recipe, by the schemas that these name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from arctic_training.document import JSON
from arctic_training.document.schema_forms import examples_of
from arctic_training.recipe import recipe_schema
from arctic_training.validation import Schema
from arctic_training.validation.shipped_schemas import schema
from tests.support import ROOT, arctic_gen, write

_Rule = dict[str, JSON]
_NO_RULES = {"if", "examples", "defaultSnippets", "x-planned"}


def _keys(rule: JSON, way: str = "") -> Iterator[tuple[str, _Rule]]:
    """Iterate over all keys that a schema describes, not those of conditions and examples.

    A branch that refuses a key (``not: {}``) describes none.
    """
    if isinstance(rule, list):
        for part in rule:
            yield from _keys(part, way)
    for keyword, below in rule.items() if isinstance(rule, dict) else ():
        if keyword in {"properties", "definitions"}:
            for name, each in cast("dict[str, _Rule]", below).items():
                is_rule = keyword == "properties" and isinstance(each, dict)
                is_key = is_rule and each.get("not") != {}
                yield from [(f"{way}.{name}", each)] if is_key else []
                yield from _keys(each, f"{way}.{name}")
        elif keyword not in _NO_RULES:
            yield from _keys(below, f"{way}/{keyword}")


def _whole(rule: _Rule, root: _Rule) -> _Rule:
    """Return a rule with what the definition says that it refers to."""
    name = str(rule.get("$ref", "")).rpartition("/")[2]
    if not name:
        return rule
    definition = cast("dict[str, _Rule]", root["definitions"])[name]
    return _whole(definition, root) | rule


def test_every_key_of_a_definition_is_described_with_an_example() -> None:
    """An editor shows for each key what it means and a value, which the schema itself takes."""
    root = schema("trainer.schema.json").root
    known = [*_keys(root)]
    assert len(known) > 70
    undescribed, wrong = [], []
    for way, rule in known:
        whole = _whole(rule, root)
        examples = cast("list[JSON]", examples_of(whole))
        if not whole.get("description") or not examples:
            undescribed.append(way)
        alone = Schema({"allOf": [rule], "definitions": root["definitions"]})
        wrong += [(way, each) for each in examples if [*alone.errors(each)]]
    assert (undescribed, wrong) == ([], [])


@pytest.mark.parametrize("name", ["sft", "causal", "dpo"])
def test_every_key_of_a_recipe_is_described(name: str) -> None:
    """An editor shows for each key of a recipe what it means, `type` among them."""
    root = recipe_schema(ROOT / f"generated/arctic_trainers/{name}").root
    known = [*_keys(root)]
    assert len(known) > 100
    assert [way for way, rule in known if not _whole(rule, root).get("description")] == []


@pytest.mark.parametrize("name", ["distillation", "focal", "kto", "orpo", "reward", "simpo"])
def test_a_copy_of_an_example_names_schemas_that_are_there(name: str, tmp_path: Path) -> None:
    """Wherever an example is copied to, editors find both schemas once it was generated."""
    folder = tmp_path / "some/where"
    for path in (ROOT / "examples" / name).iterdir():
        if path.is_file():
            write(folder / path.name, path.read_text("utf-8"))
    made = arctic_gen("new-trainer", "--no-verify", f"{name}.yaml", folder=folder)
    assert made.code == 0, made.out
    texts = [path.read_text("utf-8") for path in folder.glob("*.yaml")]
    named = [text.partition("$schema=")[2].partition("\n")[0] for text in texts]
    assert len(named) == len([place for place in named if (folder / place).is_file()]) == 2
