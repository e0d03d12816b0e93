"""What is wrong with a document, by a schema."""

from __future__ import annotations

import pytest

from arctic_training.diagnostics import Source
from arctic_training.document import JSON, parse, shown
from arctic_training.validation import Schema, check

_SCHEMA = Schema(
    {
        "definitions": {"name": {"pattern": "^[a-z]+$", "maxLength": 3, "x-hint": "a-z"}},
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": {"type": "integer", "minimum": 5}},
            "count": {"type": "integer", "minimum": 1, "multipleOf": 2, "x-hint": "even"},
            "names": {"type": "object", "propertyNames": {"$ref": "#/definitions/name"}},
            "alpha": {
                "anyOf": [
                    {"enum": ["a", "b"]},
                    {"enum": ["1", 1]},
                    {
                        "type": "object",
                        "properties": {"x": {"type": "integer", "maximum": 5}},
                        "additionalProperties": False,
                    },
                ]
            },
            "auto": {"anyOf": [{"enum": ["auto"]}, {"type": "number", "maximum": 1}]},
            "either": {"anyOf": [{"type": "integer", "maximum": 3}, {"enum": ["low", "high"]}]},
            "fixed": {"const": "a"},
            "set": {"type": "array", "uniqueItems": True, "maxItems": 3},
            "with_a": {"contains": {"const": "a"}, "x-hint": "among them a"},
            "part": {"type": "object", "properties": {"right": {}, "left": {}}},
            "shape": {"required": ["kind"], "properties": {"kind": {"enum": ["flat"]}}},
        },
    }
)


def _sentences(text: str) -> list[str]:
    node, problems = parse(Source("a.yaml", text))
    assert node is not None, problems
    return [
        f"{p.span.column} {p.code} {p.sentence} {p.note or p.help}".rstrip()
        for p in check(node, _SCHEMA)
    ]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("count: 4", []),
        ("count: -1.5", ["8 wrong-type expected integer, found `-1.5` even"]),
        (
            "count: -1",
            [
                "8 out-of-range `-1` is below the minimum of 1 even",
                "8 out-of-range `-1` is not a multiple of 2 even",
            ],
        ),
        ("names: {Ab: 1}", ["9 malformed `Ab` is malformed; did you mean `ab`? a-z"]),
        ("names: {abcd: 1}", ["9 out-of-range `abcd` is longer than 3 a-z"]),
        (
            "either: 4",
            ["9 out-of-range `4` is above the maximum of 3 allowed as well: `low`, `high`"],
        ),
        ("either: lo", ["9 not-allowed `lo` is not one of `low`, `high`; did you mean `low`?"]),
        ("alpha: {x: 9}", ["12 out-of-range `9` is above the maximum of 5"]),
        ("alpha: {xx: 1}", ["9 unknown-key unknown key `xx` known here: `x`"]),
        ("alpha: {x: 1}", []),
        ("alpha: c", ["8 not-allowed `c` is not one of `a`, `b` allowed as well: `1`"]),
        ("auto: 5", ["7 out-of-range `5` is above the maximum of 1 allowed as well: `auto`"]),
        ("auto: atuo", ["7 not-allowed `atuo` is not one of `auto`; did you mean `auto`?"]),
        ("fixed: 007", ["8 not-allowed expected `a`, found `007`"]),
        ("fixed: {}", ["8 not-allowed expected `a`, found a mapping"]),
        ("set: [1, 1]", ["6 duplicate-item duplicate item `1`"]),
        ("with_a: [b]", ["9 missing-item the list lacks a required item among them a"]),
        ("names: a", ["8 wrong-type expected mapping, found `a`"]),
        (
            "part: a",
            ["7 wrong-type expected mapping, found `a` known here: `left`, `right`"],
        ),
        ("part: [a]", ["7 wrong-type expected mapping, found a list"]),
        ("shape: {}", ["1 missing-key `kind` is missing"]),
        ("shape: {kind2: flat}", ["1 missing-key `kind` is missing"]),
        ("set: [1, 2, 3, 4]", ["6 out-of-range expected a list of at most 3, found 4"]),
    ],
)
def test_a_broken_rule_is_said_in_the_words_of_the_document(
    text: str, sentences: list[str]
) -> None:
    """Each broken rule is one finding; a value of a wrong type is that and nothing else."""
    assert _sentences(text) == sentences


def test_many_errors_of_one_kind_are_counted() -> None:
    """Of many errors of one kind in one list or section 50 are explained, and the rest counted."""
    items = ", ".join(map(str, range(20_000)))
    assert len(_sentences(f"items: [{items}]")) == 5
    found = _sentences("items: [" + "x, " * 20_000 + "]\ncount: x")
    assert len(found) == 52
    assert found[-1] == "159 too-many and 19,950 more errors of the same kind from here on"


@pytest.mark.parametrize(
    ("rule", "text", "hint"),
    [
        ({"type": "array", "examples": [[0.9, 0.999]]}, "x: 0.9", "such as `[0.9, 0.999]`"),
        ({"type": "array", "default": [1, 0]}, "x: 90/10", "such as `[1, 0]`"),
        ({"type": "object", "examples": [{"a": "mean"}]}, "x: [a]", 'such as `{"a": "mean"}`'),
        ({"type": ["null", "object"], "default": None}, "x: [a]", ""),
        ({"type": "array", "examples": [["a" * 200]]}, "x: 1", ""),
        ({"type": "object", "examples": [{"a": 1}], "x-hint": "own"}, "x: 1", "own"),
        ({"type": "integer"}, "x: [32]", "write `32`, without brackets"),
        ({"type": "integer"}, "x: [32, 64]", ""),
        ({"type": "string"}, "x: [[a]]", ""),
    ],
)
def test_a_value_of_a_wrong_type_shows_one_of_the_right_type(
    rule: dict[str, JSON], text: str, hint: str
) -> None:
    """Where a list or a mapping is expected, the schema's own example says which form it has."""
    node, _ = parse(Source("r.yaml", text))
    assert node is not None
    (found,) = check(node, Schema({"properties": {"x": rule}}))
    assert (found.code, found.note or found.help) == ("wrong-type", hint)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "`true`"),
        (1.0, "`1.0`"),
        ("x" * 60, f"`{'x' * 60}`"),
        ("x" * 61, f"`{'x' * 60}...`"),
        ([1], "a list"),
        ({}, "a mapping"),
    ],
)
def test_a_value_is_shown_as_a_document_has_it(value: JSON, text: str) -> None:
    """Messages speak YAML, not Python, and cut what is long."""
    assert shown(value) == text
