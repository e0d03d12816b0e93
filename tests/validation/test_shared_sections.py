"""Recipe schemas that refer to shared sections, and the same in one piece."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from arctic_training.document import JSON
from arctic_training.recipe import recipe_schema
from arctic_training.validation.shared_sections import SHARED_SECTIONS, self_contained
from tests.support import ROOT, arctic_gen

TRAINERS = ROOT / "generated/arctic_trainers"


def _references(part: JSON) -> Iterator[str]:
    if isinstance(part, dict):
        yield from [str(part["$ref"])] if "$ref" in part else []
        part = [*part.values()]
    for each in part if isinstance(part, list) else ():
        yield from _references(each)


@pytest.mark.parametrize("name", ["causal", "dpo", "sft"])
def test_a_schema_has_its_own_part_and_refers_to_the_rest(name: str) -> None:
    """A trainer's file is short, and each of its references leads into the shared file."""
    text = (TRAINERS / name / "recipe.schema.json").read_text("utf-8")
    shared = json.loads((TRAINERS / SHARED_SECTIONS).read_text("utf-8"))
    assert text.count("\n") <= 300
    references = {*_references(json.loads(text))}
    assert len(references) > 30
    for reference in references:
        file, _, way = reference.partition("#/")
        assert file == f"../{SHARED_SECTIONS}"
        found = shared
        for step in way.split("/"):
            found = found[step]


@pytest.mark.parametrize("name", ["causal", "dpo", "sft"])
def test_the_printed_schema_is_in_one_piece(name: str) -> None:
    """`arctic-gen schema` prints what recipes are checked by: each reference is to a definition."""
    printed = json.loads(arctic_gen("schema", name, folder=ROOT).out)
    assert printed == recipe_schema(TRAINERS / name).root
    definitions = {f"#/definitions/{name}" for name in printed["definitions"]}
    assert {*_references(printed)} == definitions
    assert "x-planned" in printed


def test_a_schema_of_interface_1_stays_as_it_is() -> None:
    """Trainers of the previous version have the sections in their own schema."""
    package = ROOT / "tests/fixtures/previous_project/generated/arctic_trainers/smoothed"
    before = json.loads((package / "recipe.schema.json").read_text("utf-8"))
    assert self_contained(before) is before
