"""Names that a definition cannot give."""

from __future__ import annotations

import builtins
import json
import keyword
import re

import pytest
from pydantic import BaseModel

from arctic_training.codegen.names import REPORTED, camel_case, reserved_reason
from arctic_training.config.trainer import TrainerConfig
from arctic_training.trainer.meter import Measures
from arctic_training.trainer.report import StepReport

TYPES = ["bool", "dict", "float", "int", "list", "str", "tuple"]
MEMBERS = [name for name in dir(BaseModel) if not name.startswith("_")]


@pytest.mark.parametrize("in_recipe", [False, True])
def test_no_field_hides_what_python_or_pydantic_needs(*, in_recipe: bool) -> None:
    """Members of models, keywords and types are refused, wherever the field stands."""
    words = [*keyword.kwlist, *MEMBERS, "model_dump_more", "model_validate_more", *TYPES]
    assert [word for word in words if not reserved_reason(word, in_recipe=in_recipe)] == []


def test_no_field_hides_a_key_that_every_recipe_has() -> None:
    """A key of the recipe is refused beside the sections, and free inside an object."""
    keys = ["type", *TrainerConfig.model_fields]
    assert [key for key in keys if not reserved_reason(key, in_recipe=True)] == []
    assert {reserved_reason(key, in_recipe=False) for key in ("epochs", "type")} == {""}


LOWER = [name for name in dir(builtins) if re.fullmatch("[a-z][a-z0-9_]*", name)]
FREE = [name for name in LOWER if name not in {"type", *TYPES}]


@pytest.mark.parametrize(
    "name", ["alpha", "model_size", "x1", "matching", "in_", "schemas", "match", *FREE]
)
def test_other_names_are_free(name: str) -> None:
    """A name is only refused for a reason."""
    assert reserved_reason(name, in_recipe=True) == ""


def test_no_metric_hides_what_is_reported_of_every_step() -> None:
    """The refused names of metrics are the keys of a line of the metrics file."""
    report = StepReport(
        step=1,
        horizon=1,
        epoch=0,
        loss=0.0,
        learning_rate=0.0,
        gradient_norm=0.0,
        tokens=1,
        measures=Measures(1.0, 1.0, 1.0, 1.0),
        terms={},
    )
    assert json.loads(report.as_json()).keys() == REPORTED


@pytest.mark.parametrize(
    ("name", "camel"), [("dpo", "Dpo"), ("my-own_name", "MyOwnName"), ("a__b2", "AB2")]
)
def test_camel_case(name: str, camel: str) -> None:
    """Words of a name become one word, each with a capital."""
    assert camel_case(name) == camel
