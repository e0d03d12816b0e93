"""Config fields: a definition's JSON Schema, the recipe's schema and the model, held together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import pytest
import yaml
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft7Validator
from pydantic import Field as Limited
from pydantic import TypeAdapter, ValidationError

from arctic_training.codegen.plan import plan
from arctic_training.codegen.pydantic_patterns import rust_pattern
from arctic_training.codegen.render import render
from arctic_training.config.attribute_docs import attribute_docs
from arctic_training.definition.fields.types import ListType, ObjectType
from arctic_training.definition.stages import read_definitions
from arctic_training.document import JSON, Pointer, parse, value_span
from arctic_training.document.schema_forms import default_of
from tests.codegen.made import SECTIONS, made_of, model_of, refused_by
from tests.support import DEFINITION, write

Field = dict[str, JSON]

# No text here reads as a number: texts such as `2k` are numbers, which other tests are about.
texts = st.text("abcx é\n\"'\\{%", max_size=6)
numbers = st.integers(-9, 9) | st.floats(-9, 9).map(lambda number: round(number, 2))
twins = st.sampled_from([0, 0.0, False, 1, 1.0, True])
uris = st.from_regex("(ab?|h1[.+-])://?[a/?#@%4:~é ]{0,5}", fullmatch=True)
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


_LOWER, _UPPER = ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")


def _has_values(field: Field) -> bool:
    """Return whether some value is within the limits of a field; one without any is refused."""
    ranges = [(low, high) for low in _LOWER for high in _UPPER]
    for low, high in [*ranges, ("minLength", "maxLength"), ("minItems", "maxItems")]:
        least, most = field.get(low), field.get(high)
        if isinstance(least, int | float) and isinstance(most, int | float):
            is_open = "exclusive" in low + high
            if least > most or (is_open and least == most):
                return False
    return True


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
    st.sampled_from([{"type": "string", "format": "path"}, {"type": "string", "format": "uri"}]),
    st.lists(st.none() | st.booleans() | st.integers(-3, 3) | texts, min_size=1, unique_by=repr)
    .filter(lambda options: options != [None])
    .map(lambda options: {"enum": options}),
    (st.booleans() | st.integers(-3, 3) | texts).map(lambda value: {"const": value}),
).filter(_has_values)


def _nested(inner: st.SearchStrategy[Field]) -> st.SearchStrategy[Field]:
    sizes = {"minItems": st.integers(0, 2), "maxItems": st.integers(0, 3)}
    arrays = _typed("array", **sizes).filter(_has_values)
    return st.one_of(
        st.builds(_with, arrays, st.just("items"), inner),
        st.builds(_with, _typed("object"), st.just("additionalProperties"), inner),
        st.builds(
            _with,
            _typed("object"),
            st.just("properties"),
            st.dictionaries(names, inner, min_size=1, max_size=2),
        ),
    )


scalar_fields = plain_fields.filter(lambda field: field.get("format") != "path")
tags = st.lists(st.sampled_from(["a", "b", "c-d"]), min_size=2, max_size=3, unique=True)


def _composed(inner: st.SearchStrategy[Field]) -> st.SearchStrategy[Field]:
    """Draw tuples, lists without repetition, and unions of what can be told apart."""
    items = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        items.map(lambda some: {"type": "array", "items": some, "additionalItems": False}),
        scalar_fields.map(lambda item: {"type": "array", "items": item, "uniqueItems": True}),
        st.lists(plain_fields | inner, min_size=2, max_size=3)
        .filter(_are_told_apart)
        .map(lambda some: {"anyOf": some}),
        st.builds(
            lambda names, below: {"oneOf": [_tagged(name, below) for name in names]}, tags, inner
        ),
    )


def _tagged(name: str, below: Field) -> Field:
    """Return an object that `kind` tells apart; only every other one has a second field."""
    extra = {"x": below} if name != "a" else {}
    return {"type": "object", "properties": {"kind": {"const": name}, **extra}}


def _are_told_apart(some: list[Field]) -> bool:
    if any("anyOf" in field for field in some) or "path" in repr(some):
        return False
    kinds = [
        "object"
        if "oneOf" in field or "object" in repr(field.get("type"))
        else "array"
        if "array" in repr(field.get("type"))
        else ""
        for field in some
    ]
    return max(kinds.count("object"), kinds.count("array")) < 2


fields = st.recursive(plain_fields, lambda inner: _nested(inner) | _composed(inner), max_leaves=4)


def _near(field: JSON) -> st.SearchStrategy[JSON]:
    """Draw values that the field may well take."""
    assert isinstance(field, dict)
    if options := field.get("enum", [field.get("const")] if "const" in field else []):
        assert isinstance(options, list)
        return st.sampled_from(options) | twins
    match field:
        case {"items": [*items]}:
            return st.tuples(*map(_near, items)).map(list)
        case {"anyOf": [*members]} | {"oneOf": [*members]}:
            return st.one_of(*map(_near, members))
        case {"format": "uri"}:
            return uris
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


def _same(one: JSON, other: JSON) -> bool:
    """Return whether two values are one to JSON: `1` is `1.0`, and not `true`."""
    return json.dumps(_floats(one), sort_keys=True) == json.dumps(_floats(other), sort_keys=True)


def _floats(value: JSON) -> JSON:
    match value:
        case bool():
            return value
        case int() | float():
            return value + 0.0  # which makes one of 0 and -0
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
    model, schema = model_of(properties)
    values = {name: data.draw(_near(field) | scalars, name) for name, field in properties.items()}
    recipe = SECTIONS | values
    wrong = {error.instance_path[0] for error in schema.errors(recipe)}
    assert wrong == refused_by(model, recipe)
    with_default = {name: properties[name] | {"default": values[name]} for name in properties}
    for name in wrong:
        assert made_of({str(name): with_default.pop(str(name))})[2] != []
    with_default = {name: f for name, f in with_default.items() if not _is_path(f)}
    model, schema = model_of(with_default)
    defaults = model.model_validate(SECTIONS).model_dump(mode="json")
    rules = schema.root["properties"]
    assert isinstance(rules, dict)
    for name in with_default:
        rule = rules[name]
        assert isinstance(rule, dict)
        assert _same(default_of(rule)["default"], values[name])
        assert _same(defaults[name], values[name])


def _missed(value: JSON) -> st.SearchStrategy[JSON]:
    """Draw values that differ from one in one place: a part that is changed, gone or too much."""
    match value:
        case bool() | None:
            return scalars
        case int() | float():
            return st.sampled_from([value + 1, value - 1, value + 0.5, -value, str(value) + "x"])
        case str():
            return st.sampled_from([value + "x", value[1:], value * 4, [value]])
        case list() if value:
            places = st.integers(0, len(value) - 1)
            changed = places.flatmap(
                lambda n: _missed(value[n]).map(lambda part: [*value[:n], part, *value[n + 1 :]])
            )
            return changed | st.sampled_from([value[:-1], value + value[-1:]])
        case dict() if value:
            keys = st.sampled_from(sorted(value))
            part = keys.flatmap(
                lambda key: _missed(value[key]).map(lambda new: {**value, key: new})
            )
            gone = keys.map(lambda key: {k: v for k, v in value.items() if k != key})
            return part | gone | st.just({**value, "more": 1})
        case _:
            return scalars


def _documents(wanted: int) -> dict[str, int]:
    """Hold schema and model against each other until both kinds of documents are that many."""
    counts = {"accepted": 0, "missed": 0}

    @given(st.data())
    @settings(max_examples=40, phases=[Phase.generate])
    def compare(data: st.DataObject) -> None:
        properties = data.draw(st.dictionaries(names, fields, min_size=1, max_size=2), "fields")
        model, schema = model_of(properties)
        for _ in range(12):
            values = {n: data.draw(_near(field) | scalars, n) for n, field in properties.items()}
            wrong = {error.instance_path[0] for error in schema.errors(SECTIONS | values)}
            assert wrong == refused_by(model, SECTIONS | values)
            if wrong:
                continue
            counts["accepted"] += 1
            name = data.draw(st.sampled_from(sorted(values)), "place")
            near = values | {name: data.draw(_missed(values[name]), "near miss")}
            wrong = {error.instance_path[0] for error in schema.errors(SECTIONS | near)}
            assert wrong == refused_by(model, SECTIONS | near)
            counts["missed"] += bool(wrong)

    for number in range(wanted):
        if min(counts.values()) < wanted:
            seed(number)(compare)()
    return counts


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("wanted", [200, pytest.param(2000, marks=pytest.mark.full)])
def test_schema_and_model_accept_and_refuse_the_same_documents(wanted: int) -> None:
    """So many documents that both accept, and so many near misses of these that both refuse."""
    assert min(_documents(wanted).values()) >= wanted


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
    model, schema, problems = made_of(fields_, laid_out=True)
    assert problems == []
    rules, docs = schema.root["properties"], attribute_docs(model)
    assert isinstance(rules, dict)
    for name, text in given_.items():
        rule = rules[name]
        assert isinstance(rule, dict)
        assert rule.get("description", "") == text
        assert docs.get(name, "") == text


def _is_path(field: JSON) -> bool:
    """Return whether a path, which has no default, is somewhere in a field."""
    return "'path'" in repr(field)


ESCAPES = [r"\d", r"\D", r"\w", r"\W", r"\s", r"\S"]
SETS = [
    r"[\d_]",
    r"[^\D]",
    r"[\W\d]",
    r"[a&&b]",
    r"[~~b]",
    r"[\s-]",
    r"[+--]",
    r"\cJ",
    r"\\d",
    r"\[\]\d",
]


@given(st.lists(st.sampled_from([*ESCAPES, *SETS]), min_size=1, max_size=3), st.data())
@settings(max_examples=300, deadline=None)
def test_a_pattern_means_the_same_to_schema_and_model(
    parts: list[str], data: st.DataObject
) -> None:
    r"""`\d`, `\w` and `\s` are those of ECMA 262 on both sides, in sets and out of them."""
    pattern = f"^{''.join(parts)}$"
    taken = st.sampled_from("a7_ \t\n-&~b\u0663\xe9\u2003\ufeff\x85+,\\d[]")
    text = data.draw(st.lists(taken, max_size=len(parts) + 1).map("".join))
    schema = Draft7Validator({"pattern": pattern}).is_valid(text)
    model = TypeAdapter(Annotated[str, Limited(pattern=rust_pattern(pattern))])
    assert schema == _takes(model, text)


def _takes(model: TypeAdapter[str], text: str) -> bool:
    try:
        model.validate_python(text)
    except ValidationError:
        return False
    return True


DEEP = "(" * 70 + ")" * 70
MAY_BE_NULL = {"type": ["object", "null"], "properties": {"kind": {"const": "b"}}}


@pytest.mark.parametrize(
    ("field", "place", "message"),
    [
        (
            {"type": "string", "pattern": DEEP, "default": ""},
            ("pattern",),
            "not a supported regular",
        ),
        ({"oneOf": [_tagged("a", {}), MAY_BE_NULL]}, ("oneOf", 1), "and no null"),
        ({"enum": [1, 1e308]}, ("enum", 1), "above the maximum"),
        ({"const": -1e300}, ("const",), "below the minimum"),
        ({"type": ["nubmer", "null"]}, ("type", 0), "did you mean `number`"),
    ],
)
def test_what_schema_and_model_could_not_share_is_refused(
    field: Field, place: Pointer, message: str
) -> None:
    """A field that one of the two could not be made for is refused where it says so."""
    _, _, (problem,) = made_of({"x": field})
    assert message in problem.sentence
    pointer = ("config_type", "properties", "x", *place)
    node, _ = parse(problem.span.source)
    assert node is not None
    assert problem.span == value_span(node, pointer)


@pytest.mark.parametrize(
    ("field", "finished"),
    [
        ({"type": "array"}, "items: {type: number}"),
        ({"type": "object"}, "properties: {size: {type: number}}"),
        ({"type": "object"}, "additionalProperties: {type: number}"),
    ],
)
def test_what_a_field_lacks_is_told_as_it_is_written(field: Field, finished: str) -> None:
    """The hint for an unfinished field holds what finishes it."""
    _, _, (problem,) = made_of({"x": field})
    assert problem.code == "missing-key"
    assert f"`{finished}`" in problem.help
    model_of({"x": field | yaml.safe_load(finished)})


SHARED = """
definitions:
  betas:
    type: array
    items: [{type: number}, {$ref: '#/definitions/share'}]
    additionalItems: false
  share: {type: number, minimum: 0, maximum: 1, default: 50%, description: A share.}
  range:
    type: object
    properties: {low: {$ref: '#/definitions/share'}, high: {type: number, default: 1}}
"""


def test_shared_fields_are_made_once_and_follow_each_other(tmp_path: Path) -> None:
    """A `$ref` is what it leads to, through files, with a default and description of its own."""
    write(tmp_path / "parts/common.yaml", SHARED)
    refs = {
        "a": {"$ref": "parts/common.yaml#/definitions/range"},
        "b": {"$ref": "#/definitions/pair", "default": [0.1, "20%"], "description": "Two."},
        "c": {"type": "array", "items": {"$ref": "parts/common.yaml#/definitions/range"}},
        "d": {"$ref": "#/definitions/own"},
    }
    definition = yaml.safe_load(DEFINITION)
    definition["config_type"]["properties"] = refs
    definition["definitions"] = {
        "pair": {"$ref": "parts/common.yaml#/definitions/betas"},
        "own": {"$ref": "parts/common.yaml#/definitions/share"},
    }
    path = write(tmp_path / "mine.yaml", yaml.safe_dump(definition))
    (loaded,), problems = read_definitions([path])
    assert problems == []
    a, b, c, d = loaded.spec.fields
    assert isinstance(c.type, ListType)
    assert a.type == c.type.item
    assert isinstance(a.type, ObjectType)
    assert [a.type.class_name, a.is_required] == ["MineRangeConfig", False]
    assert (b.default, b.description) == ([0.1, 0.2], "Two.")
    assert (d.default, d.description) == (0.5, "A share.")
    low = a.type.fields[0].key
    assert (Path(low.source.path).name, low.line) == ("common.yaml", 10)
    made = render(plan(loaded.spec))["arctic_trainers/mine/config.py"]
    assert made.count("class MineRangeConfig(") == 1


def test_a_default_that_looks_like_a_reference_is_a_value(tmp_path: Path) -> None:
    """It is refused as the value that it is, and never followed, were it into itself."""
    looping = SHARED.replace(
        "high: {type: number, default: 1}", "high: {type: number, default: {}}"
    )
    looping = looping.replace("default: {}", "default: {$ref: '#/definitions/range'}")
    field = "    beta: {$ref: '#/definitions/range', description: Both.}\n"
    text = DEFINITION.replace("    alpha:\n", f"{field}    alpha:\n") + looping
    loaded, problems = read_definitions([write(tmp_path / "mine.yaml", text)])
    assert not loaded
    assert [problem.code for problem in problems] == ["wrong-type"]


def test_a_section_may_go_without_a_description(tmp_path: Path) -> None:
    """An empty one says nothing, of a model beside the trained one as of any field."""
    section = "    ref_model: {factory: model, description: ''}\n"
    text = DEFINITION.replace("    alpha:\n", f"{section}    alpha:\n")
    ((item,), _) = read_definitions([write(tmp_path / "mine.yaml", text)])
    made = render(plan(item.spec))
    assert "| `ref_model` | `random_llama`, `huggingface` | `random_llama` |  |" in "".join(
        made.values()
    )
