"""Config fields: a definition's JSON Schema, the recipe's schema and the model, held together."""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from arctic_training.codegen.definitions import read_definitions
from arctic_training.codegen.plan import plan
from arctic_training.codegen.render import render
from arctic_training.codegen.verify import lay_out
from arctic_training.config.trainer import TrainerConfig
from arctic_training.diagnostics import Diagnostic
from arctic_training.document import JSON, Schema
from tests.support import DEFINITION, write

Field = dict[str, JSON]

SERIAL = count()
SECTIONS: dict[str, JSON] = {
    "model": {"type": "random_llama"},
    "data": {"sources": {"type": "python_docs"}},
}

# No text here reads as a number: texts such as `2k` are numbers, which other tests are about.
texts = st.text("abcx é\n\"'\\{%", max_size=6)
numbers = st.integers(-9, 9) | st.floats(-9, 9).map(lambda number: round(number, 2))
twins = st.sampled_from([0, 0.0, False, 1, 1.0, True])
scalars = st.none() | twins | numbers | texts
names = st.sampled_from(["a", "b_c", "beta", "bc", "last2"])


def _some(**keywords: st.SearchStrategy[JSON]) -> st.SearchStrategy[Field]:
    """Draw some of the keywords."""
    return st.fixed_dictionaries({}, optional=keywords)


def _typed(kind: str, **keywords: st.SearchStrategy[JSON]) -> st.SearchStrategy[Field]:
    """Draw a field of a type, or of that type or null."""
    kinds = st.sampled_from([kind, [kind, "null"], ["null", kind]])
    return st.builds(lambda given, rest: {"type": given, **rest}, kinds, _some(**keywords))


def _with(field: Field, keyword: str, value: JSON) -> Field:
    return field | {keyword: value}


limits = {"minimum": st.integers(-5, 5), "exclusiveMaximum": st.integers(-5, 5)}
others = {"exclusiveMinimum": numbers, "maximum": numbers}
plain_fields: st.SearchStrategy[Field] = st.one_of(
    _typed("boolean"),
    _typed("integer", **limits, multipleOf=st.integers(1, 4)),
    _typed("number", **limits, **others),
    _typed(
        "string",
        minLength=st.integers(0, 3),
        maxLength=st.integers(0, 5),
        pattern=st.sampled_from(["^[a-c]+$", "b", "^[^x]*$", "^(ab|c)?x?$", "'|\\\\"]),
    ),
    st.just({"type": "string", "format": "path"}),
    st.lists(st.none() | st.booleans() | st.integers(-3, 3) | texts, min_size=1, unique_by=repr)
    .filter(lambda options: options != [None])
    .map(lambda options: {"enum": options}),
    (st.booleans() | st.integers(-3, 3) | texts).map(lambda value: {"const": value}),
)


def _nested(inner: st.SearchStrategy[Field]) -> st.SearchStrategy[Field]:
    sizes = {"minItems": st.integers(0, 2), "maxItems": st.integers(0, 3)}
    return st.one_of(
        st.builds(_with, _typed("array", **sizes), st.just("items"), inner),
        st.builds(_with, _typed("object"), st.just("additionalProperties"), inner),
        st.builds(
            _with,
            _typed("object"),
            st.just("properties"),
            st.dictionaries(names, inner, min_size=1, max_size=2),
        ),
    )


fields = st.recursive(plain_fields, _nested, max_leaves=3)


def _near(field: JSON) -> st.SearchStrategy[JSON]:
    """Draw values that the field may well take."""
    assert isinstance(field, dict)
    if options := field.get("enum", [field.get("const")] if "const" in field else []):
        assert isinstance(options, list)
        return st.sampled_from(options) | twins
    match field:
        case {"items": dict(items)}:
            return st.lists(_near(items), max_size=3)
        case {"additionalProperties": dict(values)}:
            return st.dictionaries(texts, _near(values), max_size=2)
        case {"properties": dict(below)}:
            return st.fixed_dictionaries({n: _near(f) for n, f in below.items()})
        case {"pattern": str(pattern)}:
            return st.from_regex(pattern, alphabet="abcx'\\")
        case {"type": "string" | ["string", _] | [_, "string"]}:
            return texts
        case _:
            return numbers | st.booleans()


def _model(properties: Mapping[str, JSON]) -> tuple[type[TrainerConfig], Schema]:
    """Return the model and the recipe schema that are made of some fields."""
    model, schema, problems = _made(properties)
    assert problems == []
    return model, schema


def _made(
    properties: Mapping[str, JSON], *, laid_out: bool = False
) -> tuple[type[TrainerConfig], Schema, list[Diagnostic]]:
    definition = yaml.safe_load(DEFINITION)
    definition["config_type"]["properties"] = properties
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = write(folder / "mine.yaml", yaml.safe_dump(definition))
        loaded, problems = read_definitions([path])
        if problems:
            return TrainerConfig, Schema({}), problems
        made = render(plan(loaded[0].spec))
        file = write(folder / "made/config.py", made["arctic_trainers/mine/config.py"])
        if laid_out:
            lay_out(file.parent)
        module = importlib.util.spec_from_file_location(f"made_config_{next(SERIAL)}", file)
        assert module is not None
        assert module.loader is not None
        config = importlib.util.module_from_spec(module)
        sys.modules[module.name] = config
        module.loader.exec_module(config)
    model = config.MineTrainerConfig
    assert issubclass(model, TrainerConfig)
    return model, Schema(json.loads(made["arctic_trainers/mine/recipe.schema.json"])), []


def _refused(model: type[TrainerConfig], recipe: Mapping[str, JSON]) -> set[str | int]:
    """Return the fields in which the model refuses a recipe."""
    try:
        model.model_validate(recipe)
    except ValidationError as error:
        return {problem["loc"][0] for problem in error.errors()}
    return set()


def _same(one: JSON, other: JSON) -> bool:
    """Return whether two values are one to JSON: `1` is `1.0`, and not `true`."""
    return json.dumps(_floats(one), sort_keys=True) == json.dumps(_floats(other), sort_keys=True)


def _floats(value: JSON) -> JSON:
    match value:
        case bool():
            return value
        case int():
            return float(value)
        case list():
            return [_floats(item) for item in value]
        case dict():
            return {key: _floats(item) for key, item in value.items()}
        case _:
            return value


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_schema_and_model_take_the_same_values(data: st.DataObject) -> None:
    """The recipe schema takes a value where the model does; such a value can be the default.

    A default comes out of both as it was given, and one that the field does not take is refused.
    """
    properties = data.draw(st.dictionaries(names, fields, min_size=1, max_size=3), "fields")
    model, schema = _model(properties)
    values = {name: data.draw(_near(field) | scalars, name) for name, field in properties.items()}
    recipe = SECTIONS | values
    wrong = {error.instance_path[0] for error in schema.errors(recipe)}
    assert wrong == _refused(model, recipe)
    with_default = {name: properties[name] | {"default": values[name]} for name in properties}
    for name in wrong:
        assert _made({str(name): with_default.pop(str(name))})[2] != []
    with_default = {name: f for name, f in with_default.items() if not _is_path(f)}
    model, schema = _model(with_default)
    defaults = model.model_validate(SECTIONS).model_dump(mode="json")
    rules = schema.root["properties"]
    assert isinstance(rules, dict)
    for name in with_default:
        rule = rules[name]
        assert isinstance(rule, dict)
        assert _same(rule["default"], values[name])
        assert _same(defaults[name], values[name])


lines = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\n")).map(str.strip)
descriptions = st.lists(lines, max_size=4).map("\n".join).map(str.strip)
NASTY = [
    *(
        '"""',
        '"',
        'a"',
        '""""',
        '"a',
        "\\",
        "a\\",
        '\\"""',
        "\\N{BULLET}",
        "\\x41",
        "a\n\n  b\nc",
    ),
    *(
        "\0",
        "x\u2028x",
        "x\x85x",
        "\u202eabc",
        "x\rx",
        "\U0001f600",
        "{{ 1 }} {% if %}",
        "# none",
        "%s {x}",
    ),
]


@given(st.lists(descriptions, min_size=30, max_size=40))
@settings(max_examples=10, deadline=None)
def test_descriptions_arrive_as_they_were_written(drawn: list[str]) -> None:
    """The recipe schema and the laid-out model describe a field in the words of the definition."""
    given_ = {f"x{number}": text for number, text in enumerate([*NASTY, *drawn])}
    fields_: dict[str, JSON] = {n: {"type": "string", "description": t} for n, t in given_.items()}
    model, schema, problems = _made(fields_, laid_out=True)
    assert problems == []
    rules = schema.root["properties"]
    assert isinstance(rules, dict)
    for name, text in given_.items():
        rule = rules[name]
        assert isinstance(rule, dict)
        assert rule.get("description", "") == text
        assert (model.model_fields[name].description or "") == text


def _is_path(field: JSON) -> bool:
    """Return whether a path, which has no default, is somewhere in a field."""
    return "'format'" in repr(field)
