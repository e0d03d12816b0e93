"""Edits: what they mean for a tree, what for a text, and what they leave alone."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from arctic_training.diagnostics import Source
from arctic_training.document import (
    JSON,
    Edit,
    MapNode,
    Node,
    Pointer,
    Put,
    Rename,
    ScalarNode,
    children,
    edited,
    parse,
    plain,
    rewritten,
)

_NEW = "quite_new"

keys = st.sampled_from(["a", "b_c", "no", "null", "1", "x y", "é", "#", "it's", '"'])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab#:'\"\n é", max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)
documents = st.dictionaries(keys, values, min_size=1, max_size=4)


def _document(text: str) -> MapNode:
    node, problems = parse(Source("d.yaml", text))
    assert problems == []
    assert isinstance(node, MapNode)
    return node


@st.composite
def _texts(draw: st.DrawFn) -> str:
    """Draw a document, written in one of many ways."""
    document = draw(documents)
    if draw(st.booleans()):
        text = json.dumps(document, indent=draw(st.sampled_from([None, 0, 2])))
    else:
        style = draw(st.sampled_from([None, "'", '"', "|", ">"]))
        flow = draw(st.sampled_from([None, True, False]))
        text = yaml.safe_dump(document, default_style=style, default_flow_style=flow)
    head = draw(st.sampled_from(["", "# A comment.\n\n", "%YAML 1.1\n---\n"]))
    if head.startswith("%") and text.startswith("{"):
        head = ""
    return (head + text).replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def _is_on_one_line(value: Node) -> bool:
    return isinstance(value, ScalarNode) and value.span.line == value.span.end_line


def _places(node: Node, pointer: Pointer = ()) -> list[Pointer]:
    below = [(step, child, (*pointer, step)) for step, child in children(node)]
    own = [place for _, _, place in below] if isinstance(node, MapNode) else []
    return own + [place for _, child, at in below for place in _places(child, at)]


@given(_texts(), st.data())
def test_tree_and_text_change_alike(text: str, data: st.DataObject) -> None:
    """The text after edits reads as the tree after the same edits."""
    document = _document(text)
    renames = st.sampled_from(_places(document)).map(lambda place: Rename(place, _NEW))
    simple = [key for key, value in children(document) if _is_on_one_line(value)]
    puts = st.builds(Put, st.sampled_from(["version", *map(str, simple)]), st.integers(0, 9))
    rename, put = data.draw(renames, "rename"), data.draw(puts, "put")
    assume(rename.pointer[0] != put.key)
    edits: list[Edit] = data.draw(st.sampled_from([[rename], [put], [rename, put]]), "edits")
    after = plain(_document(rewritten(document, edits)))
    assert json.dumps(after) == json.dumps(plain(edited(document, edits)))


@given(_texts(), st.data())
def test_a_renamed_key_is_all_that_changes(text: str, data: st.DataObject) -> None:
    """All but the key itself keeps its bytes: comments, order, quotes, line ends."""
    document = _document(text)
    place = data.draw(st.sampled_from(_places(document)))
    after = rewritten(document, [Rename(place, _NEW)])
    before, found, behind = after.partition(_NEW)
    assert found
    assert text.startswith(before)
    assert text.endswith(behind)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1  # one\n", "new: 1  # one\n"),
        ("'a': 1\n", "'new': 1\n"),
        ('"a" : 1\n', '"new" : 1\n'),
        ("&k a: 1\n", "&k new: 1\n"),
        ("!!str a: 1\n", "!!str new: 1\n"),
        ("? a\n: 1\n", "? new\n: 1\n"),
        ('{"a":1}', '{"new":1}'),
        ("# a: 0\r\na: 1\r\n", "# a: 0\r\nnew: 1\r\n"),
    ],
)
def test_keys_are_renamed_in_place(text: str, expected: str) -> None:
    """A key keeps its quotes, its anchor, its tag and what is around it."""
    assert rewritten(_document(text), [Rename(("a",), "new")]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\n", "v: 2\na: 1\n"),
        ("# head\n\n# of a\na: 1\n", "# head\n\n# of a\nv: 2\na: 1\n"),
        ("a: 1\nv: 1  # one\n", "a: 1\nv: 2  # one\n"),
        ("  a: 1\r\n  b: 2\r\n", "  v: 2\r\n  a: 1\r\n  b: 2\r\n"),
        ("{a: 1}", "{v: 2, a: 1}"),
        ('{\n  "a": 1\n}\n', '{\n  "v": 2,\n  "a": 1\n}\n'),
        ("---\na: 1\n", "---\nv: 2\na: 1\n"),
    ],
)
def test_a_value_is_put_first_or_in_its_place(text: str, expected: str) -> None:
    """A new entry is written as the one that it stands before."""
    assert rewritten(_document(text), [Put("v", 2)]) == expected


def test_of_two_names_the_new_one_holds() -> None:
    """Renaming a key to one that stands there already drops it from the tree."""
    document = _document("a: 1\nb: 2\n")
    expected: JSON = {"b": 2}
    assert plain(edited(document, [Rename(("a",), "b")])) == expected
