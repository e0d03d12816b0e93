"""JSON means here what it means to every other reader of JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arctic_training.api import checked_recipe
from arctic_training.diagnostics import Source
from arctic_training.document import JSON, comments, parse, plain

_ANY: st.SearchStrategy[JSON] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda below: st.lists(below, max_size=4)
    | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), below, max_size=4),
    max_leaves=20,
)  # fmt: skip


def _read(text: str) -> JSON:
    node, problems = parse(Source("a.json", text))
    assert node is not None, problems
    assert problems == []
    return plain(node)


@settings(max_examples=150, deadline=None)
@given(
    value=st.lists(_ANY, max_size=3) | st.dictionaries(st.text(max_size=3), _ANY, max_size=3),
    is_ascii=st.booleans(),
    indent=st.sampled_from([None, 2, "\t"]),
)
def test_json_of_any_writer_is_read(value: JSON, *, is_ascii: bool, indent: int | str) -> None:
    """Whatever Python's writer of JSON makes is read as Python's reader reads it."""
    text = json.dumps(value, ensure_ascii=is_ascii, indent=indent)
    assert _read(text) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        r'{"a": "\ud83c\udf89 \uD83D\uDE00"}',
        r'{"\ud83c\udf89": 1}',
        r'{"a": "\\ud83c", "b": "\\\ud83c\udf89"}',
        '{"a"\n:\n1}',
        f'{{"{"k" * 2000}": 1}}',
        '{"a": "x\u2028y\u2029z\x85\x7f\ufffe"}',
        '\n\t{"a": [1e3, -0.5E-2, 0, -0, true, false, null, []], "b": {}}\r\n',
        '{"a": "# no comment", "<<": "\\/"}',
        '["\\u0000\\b\\f\\n\\r\\t\\""]',
    ],
)
def test_json_that_no_yaml_parser_takes_is_read(text: str) -> None:
    """Surrogate pairs, long keys, colons on lines of their own and rare line ends are read."""
    assert _read(text) == json.loads(text)
    assert [*comments(Source("a.json", text))] == []


@pytest.mark.parametrize("text", ["{a: 1}", '{"a": 1,}', '[1, "b" ]\n# c', '"a": 1', "[01]"])
def test_a_text_that_only_begins_like_json_is_yaml(text: str) -> None:
    """Comments, trailing commas and bare keys make a text YAML, whatever it is called."""
    node, problems = parse(Source("a.json", text))
    assert node is not None
    assert problems == []


@pytest.mark.parametrize(
    ("text", "place", "half"),
    [
        (r'{"a": "\ud83c"}', "1:8", r"\ud83c"),
        ('{"a": 1,\n  "b": "x\\udf89\\ud83c"}', "2:10", r"\udf89"),
        (r'["\ud83c\udf89", "\ud83c\ud83c\udf89"]', "1:19", r"\ud83c"),
        (r'{"\uDC00": 1}', "1:3", r"\uDC00"),
        (r'["\\\ud800\\"]', "1:5", r"\ud800"),
    ],
)
def test_half_of_a_surrogate_pair_is_refused_at_its_place(text: str, place: str, half: str) -> None:
    """Half a character can be written to no file: the escape is named and marked."""
    node, (problem,) = parse(Source("a.json", text))
    assert node is None
    assert str(problem.span) == f"a.json:{place}"
    assert problem.message == f"`{half}` is half of a surrogate pair: not a character"
    assert problem.span.text == half


def test_places_in_json_are_those_in_yaml() -> None:
    """The same text has the same places, whichever reader takes it."""
    text = '{\n  "a": {"b": [1, "x"]},\n  "c": [\n    2\n  ]\n}\n'
    as_json, _ = parse(Source("a", text))
    as_yaml, _ = parse(Source("a", text + "# YAML\n"))
    assert as_json is not None
    assert as_yaml is not None
    assert _places(as_json) == _places(as_yaml)


def _places(node: object) -> str:
    return repr(node).replace("# YAML\\n", "")


def test_a_recipe_from_python_may_hold_any_character() -> None:
    """A mapping is read as it is, with characters beyond U+FFFF in names of files."""
    source = {"type": "huggingface_instruct", "name_or_path": "./\U0001f389.jsonl"}
    recipe = {
        "type": "sft",
        "model": {"type": "random_llama"},
        "data": {"type": "sft", "sources": [source]},
        "tokenizer": {"type": "byte_level_bpe"},
    }
    checked = checked_recipe(recipe)
    assert "\U0001f389.jsonl" in str(checked.values["data"])
