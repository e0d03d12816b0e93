"""Names that a definition cannot give."""

from __future__ import annotations

import builtins
import json
import keyword
import re
import tempfile
import unicodedata
from pathlib import Path
from typing import cast

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from arctic_training.codegen.definitions import read_definitions
from arctic_training.codegen.field_types import ObjectType
from arctic_training.codegen.names import REPORTED, camel_case, reserved_reason
from arctic_training.config.trainer import TrainerConfig
from arctic_training.document import JSON
from arctic_training.trainer.meter import Measures
from arctic_training.trainer.report import STANDARD, StepReport
from tests.support import DEFINITION

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
    assert json.loads(report.as_json()).keys() == REPORTED == STANDARD


@pytest.mark.parametrize(
    ("name", "camel"), [("dpo", "Dpo"), ("my-own_name", "MyOwnName"), ("a__b2", "AB2")]
)
def test_camel_case(name: str, camel: str) -> None:
    """Words of a name become one word, each with a capital."""
    assert camel_case(name) == camel


WORDS = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
TEXTS = st.text(min_size=1, max_size=8) | WORDS | st.sampled_from([*keyword.kwlist, *MEMBERS])
FIELD: JSON = {"type": "object", "properties": {"x": {"type": "integer", "default": 1}}}


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.full)])
def test_names_are_total_stable_and_mean_one_thing(count: int) -> None:
    """Of 10,000 names, ten a definition, each is refused, or an identifier that hides nothing.

    Two names make one class never: that is an error. A field more renames no other.
    A tenth runs by default.
    """

    @settings(max_examples=count, database=None, deadline=None)
    @given(st.lists(TEXTS, min_size=10, max_size=10, unique=True))
    def judge(names: list[str]) -> None:
        taken = {name for name in names if not _classes([name])}
        assert all(_is_safe(name) for name in {*names} - taken)
        free = [name for name in names if name not in taken]
        if not free:
            return
        classes = _classes(free)
        if classes:
            assert len(set(classes.values())) == len(classes) == len(free)
            assert classes | _classes(free[:-1]) == classes
        else:
            assert len({camel_case(name) for name in free}) < len(free)

    judge()


def _is_safe(name: str) -> bool:
    hidden = keyword.iskeyword(name) or name in MEMBERS or name in TYPES
    return name.isidentifier() and unicodedata.normalize("NFKC", name) == name and not hidden


def _classes(names: list[str]) -> dict[str, str]:
    """Return the classes of objects of these names in a definition; nothing if it is refused."""
    values = yaml.safe_load(DEFINITION)
    values["config_type"]["properties"] = dict.fromkeys(names, FIELD)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mine.yaml")
        path.write_bytes(yaml.safe_dump(values).encode("utf-8", "surrogatepass"))
        loaded, _ = read_definitions([path])
    if not loaded:
        return {}
    fields = loaded[0].spec.fields
    return {field.name: cast("ObjectType", field.type).class_name for field in fields}
