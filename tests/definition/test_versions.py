"""Versions of the format of definitions, and the steps between them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arctic_training.definition.stages import read_definitions
from arctic_training.definition.versions import STEPS, Step, migrated_definition, upgraded
from arctic_training.diagnostics import Severity, Source
from arctic_training.document import Edit, MapNode, Put, Rename, parse, plain
from tests.support import DEFINITION, write

_OLD = DEFINITION.replace("schema_version: 1\n", "")


def _renaming(_definition: MapNode) -> list[Edit]:
    """Lead to a version 2 that there is not: another name for `coupling`."""
    named = [Rename(("coupling",), "mixes")] if "coupling" in _definition.entries else []
    return [*named, Put("schema_version", 2)]


def _numbering(definition: MapNode) -> list[Edit]:
    """Lead to a version 3 that there is not: a name of its own for each field."""
    fields = (
        definition.entries["config_type"].value if "config_type" in definition.entries else None
    )
    entries = fields.entries if isinstance(fields, MapNode) else {}
    below = entries["properties"].value if "properties" in entries else None
    names = list(below.entries) if isinstance(below, MapNode) else []
    place = ("config_type", "properties")
    return [*(Rename((*place, n), f"{n}_3") for n in names), Put("schema_version", 3)]


CHAIN: tuple[Step, ...] = (*STEPS, _renaming, _numbering)
"""The steps that there are, and two more: versions to come."""


def _document(text: str) -> MapNode:
    node, problems = parse(Source("d.yaml", text))
    assert problems == []
    assert isinstance(node, MapNode)
    return node


def _migrated(text: str, steps: tuple[Step, ...]) -> str:
    _, made, _ = migrated_definition(_document(text), steps)
    assert made is not None
    return made


styles = st.builds(
    lambda coupling, comment, end: (comment + _OLD + coupling + comment).replace("\n", end),
    st.sampled_from(["", "coupling: sample\n", "'coupling' : global_batch  # all\n"]),
    st.sampled_from(["", "# A comment.\n", "\n#\n\n"]),
    st.sampled_from(["\n", "\r\n"]),
)


@given(styles, st.integers(0, len(CHAIN)))
def test_a_chain_of_steps_is_the_way_at_once(text: str, stop: int) -> None:
    """Migrating version by version gives the bytes that migrating at once gives."""
    halfway = _migrated(text, CHAIN[:stop])
    assert _migrated(halfway, CHAIN) == _migrated(text, CHAIN)


@given(styles, st.integers(1, len(CHAIN)))
def test_migrating_again_changes_nothing(text: str, stop: int) -> None:
    """Each step is taken once: what is of a version already stays as it is."""
    once = _migrated(text, CHAIN[:stop])
    assert _migrated(once, CHAIN[:stop]) == once


@given(styles, st.integers(0, len(CHAIN)))
def test_an_old_definition_is_read_as_the_migrated_one(text: str, stop: int) -> None:
    """What is read of an old text is what its migrated text says, with one warning."""
    old = _migrated(text, CHAIN[:stop])
    read, found = upgraded(_document(old), CHAIN)
    assert plain(read) == plain(_document(_migrated(old, CHAIN)))
    assert [problem.severity for problem in found] == [Severity.WARNING] * (stop < len(CHAIN))
    assert [problem.code for problem in found] == ["old-version"] * (stop < len(CHAIN))


@pytest.mark.parametrize("version", ["2", "999"])
def test_a_version_to_come_is_refused(version: str) -> None:
    """What nobody here can read is one error, whatever else is in it, and is left alone."""
    text = DEFINITION.replace("version: 1", f"version: {version}")
    document = _document(text + "unheard_of: 1\n")
    (problem,) = upgraded(document)[1]
    assert (problem.code, problem.severity) == ("newer-version", Severity.ERROR)
    assert problem.span.text == version
    assert migrated_definition(document)[1] is None


def test_the_schema_of_definitions_is_that_of_the_last_step() -> None:
    """The number of steps is the version that editors ask for."""
    from arctic_training.validation.shipped_schemas import schema

    rule = schema("trainer.schema.json").root["properties"]
    assert isinstance(rule, dict)
    assert isinstance(version := rule["schema_version"], dict)
    assert version["const"] == len(STEPS)


@pytest.mark.parametrize("reference", ["extends: ./other.yaml", "$ref"])
def test_every_file_of_a_definition_has_a_version(reference: str, tmp_path: Path) -> None:
    """What is extended or referred to may not be of a version to come either."""
    shared = "schema_version: 9\ndefinitions: {a: {type: integer}}\n"
    other = DEFINITION.replace("mine", "other") + "definitions: {a: {type: integer}}\n"
    write(
        tmp_path / "other.yaml", shared if reference == "$ref" else other.replace(": 1\n", ": 9\n")
    )
    field = "    beta: {$ref: 'other.yaml#/definitions/a'}\n" if reference == "$ref" else ""
    base = f"{reference}\n" if not field else ""
    text = base + DEFINITION.replace("    alpha:\n", f"{field}    alpha:\n")
    loaded, problems = read_definitions([write(tmp_path / "mine.yaml", text)])
    assert loaded == []
    assert [problem.code for problem in problems] == ["newer-version"]
    assert problems[0].span.source.path == (tmp_path / "other.yaml").as_posix()
