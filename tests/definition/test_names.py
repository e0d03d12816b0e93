"""Names that a definition cannot give."""

from __future__ import annotations

import builtins
import importlib
import json
import keyword
import re
import tempfile
import unicodedata
from pathlib import Path
from typing import Final, cast

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from arctic_training.config.base import Config
from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.reports import STANDARD, Measures, StepReport
from arctic_training.definition.factories.builtin import built_in_factories
from arctic_training.definition.fields.types import ObjectType
from arctic_training.definition.names import RECIPE, REPORTED, camel_case, reserved_reason
from arctic_training.definition.stages import read_definitions
from arctic_training.document import JSON
from tests.support import DEFINITION

TYPES = ["bool", "dict", "float", "int", "list", "str", "tuple"]
MEMBERS = [name for name in dir(BaseModel) if not name.startswith("_")]


@pytest.mark.parametrize("config_class", ["", RECIPE, "SFTDataConfig"])
def test_no_field_hides_what_python_or_pydantic_needs(config_class: str) -> None:
    """Members of models, keywords and types are refused, wherever the field stands."""
    words = [*keyword.kwlist, *MEMBERS, "model_dump_more", "model_validate_more", *TYPES]
    free = [word for word in words if not reserved_reason(word, config_class=config_class)]
    assert free == []


def test_no_field_hides_a_key_that_every_recipe_has() -> None:
    """A key of the recipe is refused beside the sections, and free inside an object."""
    keys = ["type", *TrainerConfig.model_fields]
    assert [key for key in keys if not reserved_reason(key, config_class=RECIPE)] == []
    assert {reserved_reason(key) for key in ("epochs", "type")} == {""}


def _live_classes() -> list[type[Config]]:
    factories = [f for kind in built_in_factories().values() for f in kind.values()]
    modules = {f.config.name: importlib.import_module(f.config.module) for f in factories}
    return [TrainerConfig, *(getattr(module, name) for name, module in modules.items())]


@pytest.mark.parametrize("model", _live_classes(), ids=lambda model: model.__name__)
def test_no_field_hides_a_member_of_the_class_that_it_extends(model: type[Config]) -> None:
    """Every name that a class of a section has is refused; no key of a section is such a name."""
    public = {name for name in dir(model) if not name.startswith("_")}
    refused = {name for name in public if reserved_reason(name, config_class=model.__name__)}
    assert refused == public
    keys = {field.alias or name for name, field in model.model_fields.items()}
    assert not keys & public


_SHADOWING: Final = [
    ("trainer", "", "metrics_path"),
    ("trainer", "", "names_metrics"),
    ("data", "sft", "eval_names"),
    ("data", "dpo", "eval_names"),
    ("scheduler", "huggingface", "warmup_steps"),
    ("scheduler", "wsd", "warmup_steps"),
    ("checkpoint", "huggingface", "is_resumed"),
    ("checkpoint", "deepspeed", "saves_within"),
    ("tokenizer", "byte_level_bpe", "named_by"),
    ("model", "huggingface", "model_dump"),
    ("optimizer", "fused_adam", "copy"),
]


@pytest.mark.parametrize("is_shared", [False, True])
@pytest.mark.parametrize(("kind", "base", "name"), _SHADOWING)
def test_such_a_field_is_refused_at_its_name(
    kind: str, base: str, name: str, tmp_path: Path, *, is_shared: bool
) -> None:
    """In a trainer, in a factory that is defined in place, and in one of `factories.yaml`."""
    values = yaml.safe_load(DEFINITION)
    fields = {"properties": {name: {"type": "integer", "default": 1}}}
    factory = {"extends": base, "class": "mine_parts:Own", "config_type": fields}
    part = "engine" if kind == "checkpoint" else "factory"
    if kind == "trainer":
        values["config_type"] |= fields
    elif is_shared:
        shared = yaml.safe_dump({kind: {"own": factory}})
        (tmp_path / "factories.yaml").write_text(shared, "utf-8")
        values[f"{kind}_{part}_type"] = "own"
    else:
        values[f"{kind}_{part}_type"] = {"name": "own", **factory}
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(values), "utf-8")
    _, problems = read_definitions([path])
    (found,) = (problem for problem in problems if problem.code == "reserved-name")
    assert found.message.startswith(f"`{name}` is a reserved field name: ")
    assert found.span.source.lines[found.span.line - 1].strip() == f"{name}:"


LOWER = [name for name in dir(builtins) if re.fullmatch("[a-z][a-z0-9_]*", name)]
FREE = [name for name in LOWER if name not in {"type", *TYPES}]


@pytest.mark.parametrize(
    "name", ["alpha", "model_size", "x1", "matching", "in_", "schemas", "match", *FREE]
)
def test_other_names_are_free(name: str) -> None:
    """A name is only refused for a reason."""
    assert reserved_reason(name, config_class=RECIPE) == ""


def test_no_metric_hides_what_is_reported_of_every_step() -> None:
    """The refused names of metrics are the keys of a line of the metrics file, with its time."""
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
    assert json.loads(report.as_json()).keys() | {"timestamp"} == REPORTED == STANDARD


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
