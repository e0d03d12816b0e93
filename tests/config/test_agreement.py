"""The recipe schema that users see, and the models that the runtime trusts."""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Final, cast

import jsonschema
import jsonschema_rs
import pytest
import referencing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from arctic_trainers.dpo.config import DPOTrainerConfig
from arctic_trainers.sft.config import SFTTrainerConfig
from arctic_training.config.trainer import TrainerConfig
from arctic_training.diagnostics import Source, has_errors
from arctic_training.document import JSON, parse, plain
from arctic_training.recipe import recipe_schema
from arctic_training.validation import Schema, check, with_numbers
from arctic_training.validation.shared_sections import SHARED_SECTIONS
from tests.support import ROOT

_Object = dict[str, JSON]
_Contents = bool | Mapping[str, object]


def _by_files(path: Path) -> jsonschema.Draft7Validator:
    """Return a validator of a schema as it is on the disk, with the file that it refers to."""
    files = (path, path.parent.parent / SHARED_SECTIONS)
    empty: referencing.Registry[_Contents] = referencing.Registry()
    registry = empty.with_resources([(file.as_uri(), _resource(file)) for file in files])
    return jsonschema.Draft7Validator({"$ref": path.as_uri()}, registry=registry)


def _resource(path: Path) -> referencing.Resource[_Contents]:
    contents: _Contents = json.loads(path.read_text(encoding="utf-8"))
    return referencing.Resource.from_contents(contents)


class _Judges:
    """All that tell right recipes of a trainer from wrong ones."""

    def __init__(self, name: str, model: type[TrainerConfig]) -> None:
        package = ROOT / f"generated/arctic_trainers/{name}"
        self.schema: _Object = recipe_schema(package).root
        self.definitions = cast("dict[str, _Object]", self.schema["definitions"])
        self.model = model
        self.ours = Schema(self.schema)
        self.fast = jsonschema_rs.Draft7Validator(self.schema)
        self.oracle = _by_files(package / "recipe.schema.json")

    @cached_property
    def valid(self) -> st.SearchStrategy[JSON]:
        """Recipes that the schema allows."""
        return _valid(self.schema)

    def model_takes(self, recipe: JSON) -> bool:
        """Return the verdict of the models that the runtime trusts."""
        try:
            self.model.model_validate(recipe)
        except ValidationError:
            return False
        return True

    def agree(self, recipe: JSON) -> bool:
        """Return the verdict on a recipe, on which all four judges agree."""
        node, problems = parse(Source("recipe.json", json.dumps(recipe)))
        assert node is not None
        assert not problems
        verdict = self.model_takes(recipe)
        findings = check(node, self.ours)
        assert verdict == (not has_errors(findings)), [finding.sentence for finding in findings]
        numbers = plain(with_numbers(node, self.ours))
        assert self.fast.is_valid(numbers) == self.oracle.is_valid(numbers)
        assert verdict <= self.oracle.is_valid(numbers)
        assert self.model_takes(numbers) == verdict
        return verdict


_SFT: Final = _Judges("sft", SFTTrainerConfig)
_DPO: Final = _Judges("dpo", DPOTrainerConfig)
_DEFINITIONS: Final = _SFT.definitions | _DPO.definitions
_ODD: Final[list[JSON]] = [
    None, True, False, 0, 1, -1, 2, 3, 300, 0.0, 1.0, 0.5, -0.5, 1e-9, 1e300, 10**30, -(10**308),
    "", "x", "./x", "2k", "50%", "-1%", "1.5", "2^0.5", "0^0", "1e999", "true", "sft",
    "huggingface", "random_llama", "byte_level_bpe", "python_docs", "deepspeed", "fp32", "linear",
    [], [1], [0.9, 0.999], [0, 1], ["1%", 0], [{}], [[]], {}, {"type": "python_docs"},
    {"type": "deepspeed", "output_dir": "x"}, [{"type": "huggingface", "output_dir": "x"}],
    {"stage": 1.0}, {"stage": True}, {"type": 1}, {"user": "q", "assistant": "a"}, {"robot": "q"},
]  # fmt: skip
_TEXTS: Final = ["1", "2k", "1Ki", "50%", "1e-5", "2^9", "x", "module:function"]


def _valid(schema: _Object) -> st.SearchStrategy[JSON]:
    """Build what a schema of a recipe allows; of a section, the type first."""
    if isinstance(reference := schema.get("$ref"), str):
        return _valid(_DEFINITIONS[reference.removeprefix("#/definitions/")])
    if "else" in schema:
        return st.one_of(_valid(_part(schema, "then")), _valid(_part(schema, "else")))
    if "allOf" in schema:
        return st.one_of(*map(_branch, cast("list[_Object]", schema["allOf"])))
    if "anyOf" in schema:
        return st.one_of(*map(_valid, cast("list[_Object]", schema["anyOf"])))
    if "enum" in schema:
        return st.sampled_from(cast("list[JSON]", schema["enum"]))
    if "const" in schema:
        return st.just(schema["const"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.one_of(*(_of_kind(str(kind), schema) for kind in kinds))


def _branch(condition: _Object) -> st.SearchStrategy[JSON]:
    """Build a section of one kind, told by its tag, which the first may leave out."""
    chosen = _part(condition, "if")
    ((tag, rule),) = _part(chosen, "properties").items()
    name = cast("_Object", rule)["const"]
    types: list[_Object] = [{tag: name}] if "required" in chosen else [{tag: name}, {}]
    section = cast("st.SearchStrategy[_Object]", _valid(_part(condition, "then")))
    return st.builds(
        lambda kind, rest: kind | {key: value for key, value in rest.items() if key != tag},
        st.sampled_from(types),
        section,
    )


def _of_kind(kind: str, schema: _Object) -> st.SearchStrategy[JSON]:
    least = cast("float", schema.get("minimum", schema.get("exclusiveMinimum", 0)))
    match kind:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(int(least), int(least) + 3)
        case "number":
            most = cast("float", schema.get("exclusiveMaximum", math.inf))
            numbers = [least + 1e-3 if "exclusiveMinimum" in schema else least, least + 0.5, 1.0]
            return st.sampled_from([number for number in numbers if number < most])
        case "string" if "pattern" in schema:
            pattern = cast("str", schema["pattern"])
            return st.sampled_from([text for text in _TEXTS if re.search(pattern, text)])
        case "string":
            return st.sampled_from(["x", "./x"])
        case "array":
            items = schema["items"]
            if isinstance(items, list):
                return st.tuples(*(_valid(cast("_Object", item)) for item in items)).map(list)
            least_items = cast("int", schema.get("minItems", 0))
            return st.lists(_valid(cast("_Object", items)), min_size=least_items, max_size=2)
        case "object" if "properties" in schema:
            fields = {k: _valid(cast("_Object", v)) for k, v in _part(schema, "properties").items()}
            needed = cast("list[str]", schema.get("required", []))
            return st.fixed_dictionaries(
                {key: fields[key] for key in needed},
                optional={key: field for key, field in fields.items() if key not in needed},
            ).map(lambda section: cast("JSON", section))
        case _:
            return st.sampled_from([{}, {"user": "q"}, {"user": "q", "assistant": "a"}])


def _part(schema: _Object, key: str) -> _Object:
    return cast("_Object", schema[key])


def _containers(value: JSON) -> Iterator[_Object | list[JSON]]:
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _containers(inner)


@st.composite
def _recipes(draw: st.DrawFn, judges: _Judges) -> JSON:
    """Build a recipe that is right, then change up to two of its values."""
    recipe = copy.deepcopy(draw(judges.valid))
    for _ in range(draw(st.integers(0, 2))):
        container = draw(st.sampled_from(list(_containers(recipe))))
        odd = copy.deepcopy(draw(st.sampled_from(_ODD)))
        if isinstance(container, list):
            container[draw(st.integers(0, len(container))) :][:1] = [odd]
            continue
        key = draw(st.sampled_from([*container, "type", "unknown"]))
        if draw(st.booleans()) and key in container:
            del container[key]
        else:
            container[key] = odd
    return recipe


@pytest.mark.parametrize("judges", [_SFT, _DPO], ids=["sft", "dpo"])
@given(data=st.data())
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_schema_and_models_take_the_same_recipes(judges: _Judges, data: st.DataObject) -> None:
    """What the schema accepts the models accept, and the other way round."""
    judges.agree(data.draw(_recipes(judges)))


_LEAST: Final[_Object] = {
    "model": {"name_or_path": "x"},
    "data": {"sources": {"type": "python_docs"}},
}
_LORA: Final[_Object] = {"peft_type": "LORA"}


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, True),
        ({"epochs": 2.0}, True),
        ({"epochs": "200%"}, True),
        ({"epochs": "50%"}, False),
        ({"epochs": True}, False),
        ({"epochs": "0^0"}, False),
        ({"optimizer": {"learning_rate": 1}}, True),
        ({"optimizer": {"lr": "1e-5"}}, True),
        ({"optimizer": {"lr": -1}}, False),
        ({"optimizer": {"lr": 1, "learning_rate": 1}}, False),
        ({"optimizer": {"betas": [0.9, 1]}}, False),
        ({"optimizer": {"betas": [0.9]}}, False),
        ({"scheduler": {"warmup_ratio": "100%"}}, True),
        ({"scheduler": {"warmup_ratio": 1.01}}, False),
        ({"deepspeed": {"zero_optimization": {"stage": 3}}}, True),
        ({"deepspeed": {"zero_optimization": {"stage": 1.0}}}, True),
        ({"deepspeed": {"zero_optimization": {"stage": True}}}, False),
        ({"checkpoint": {"type": "huggingface", "output_dir": "x", "auto_resume": 0}}, False),
        ({"checkpoint": []}, True),
        ({"data": {"sources": []}}, False),
        ({"data": {"sources": [{"type": "python_docs"}]}}, True),
        ({"data": {"sources": [{"name_or_path": "x:train"}]}}, True),
        ({"data": {"sources": [{"name_or_path": "x:train", "split": "train"}]}}, False),
        ({"data": {"sources": [{"name_or_path": "x://y", "split": "train"}]}}, True),
        ({"data": {"sources": [{"name_or_path": "x", "role_mapping": {"user": []}}]}}, False),
        ({"data": {"sources": [{"name_or_path": "x", "role_mapping": {"user": ["a"]}}]}}, True),
        ({"type": "dpo"}, False),
        ({"train_log_metrics_path": None}, True),
        ({"train_log_metrics_path": 1}, False),
        ({"data": None}, False),
        ({"model": {"name_or_path": "x", "peft_config": {"peft_type": "Lora", "r": "1Ki"}}}, True),
        ({"model": {"name_or_path": "x", "peft_config": {"r": 8}}}, False),
        ({"model": {"name_or_path": "x", "peft_config": {"peft_type": "LoKr", "r": 2}}}, True),
        ({"model": {"name_or_path": "x", "peft_config": {"peft_type": "IA3", "r": 2}}}, False),
        ({"model": {"name_or_path": "x", "peft_config": {"peft_type": "OFT"}}}, False),
        ({"model": {"name_or_path": "x", "peft_config": None}}, True),
        ({"model": {"name_or_path": "x", "peft_config": _LORA | {"target_modules": "a"}}}, True),
        ({"model": {"name_or_path": "x", "peft_config": _LORA | {"target_modules": ["a"]}}}, True),
        ({"model": {"name_or_path": "x", "peft_config": _LORA | {"target_modules": []}}}, False),
        ({"model": {"name_or_path": "x", "peft_config": _LORA | {"lora_dropout": 1}}}, False),
    ],
)  # fmt: skip
def test_both_know_the_corners(change: _Object, verdict: bool) -> None:  # noqa: FBT001
    """The verdict on what is easily judged differently is known, and everyone's."""
    assert _SFT.agree(_LEAST | change) is verdict


_PAIRS: Final[_Object] = {
    "model": {"name_or_path": "x"},
    "ref_model": {"name_or_path": "x"},
    "data": {"sources": {"type": "python_docs_preference"}},
}


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, True),
        ({"type": "dpo"}, True),
        ({"type": "sft"}, False),
        ({"ref_model": {"type": "random_llama", "hidden_size": "2Ki"}}, True),
        ({"ref_model": {"type": "huggingface"}}, False),
        ({"ref_model": {"type": "liger", "name_or_path": "x"}}, False),
        ({"ref_model": None}, False),
        ({"ref_model": [{"name_or_path": "x"}]}, False),
        ({"ref_model": {"name_or_path": "x", "beta": 1}}, False),
        ({"beta": "10%"}, True),
        ({"beta": 0}, False),
        ({"label_smoothing": 0}, True),
        ({"label_smoothing": 0.5}, False),
        ({"data": {"sources": {"type": "python_docs"}}}, False),
        ({"data": {"sources": [{"name_or_path": "x", "chosen_column": "good"}]}}, True),
        ({"data": {"sources": [{"name_or_path": "x", "chosen_column": ""}]}}, False),
        ({"data": {"type": "sft", "sources": {"type": "python_docs"}}}, False),
    ],
)
def test_both_know_the_corners_of_pairs(change: _Object, verdict: bool) -> None:  # noqa: FBT001
    """A nested section is as closed and as told apart by its type as the section of its kind."""
    assert _DPO.agree(_PAIRS | change) is verdict


def test_most_of_the_recipes_above_are_right() -> None:
    """The comparison is not one of two ways to say no."""
    verdicts: list[bool] = []

    @given(recipe=_recipes(_SFT))
    @settings(max_examples=100, database=None, deadline=None, derandomize=True)
    def collect(recipe: JSON) -> None:
        verdicts.append(_SFT.model_takes(recipe))

    collect()
    assert 0.2 < sum(verdicts) / len(verdicts) < 0.8
