"""YAML and JSON texts to trees in which every value knows its place."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from arctic_training.diagnostics import Source, Span
from arctic_training.document import JSON, Entry, MapNode, Node, ScalarNode, children, parse, plain

_TEXTS = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\ufeff"
    ),
    max_size=8,
)
_NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_DOCUMENTS: st.SearchStrategy[JSON] = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(_TEXTS, below, max_size=4),
    max_leaves=20,
)


class _Quoting(yaml.SafeDumper):
    """Quotes every text: plain ones follow YAML 1.1, in which `1e-5` is a text."""


_Quoting.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)
_WRITERS = {
    "json": lambda document: json.dumps(document, ensure_ascii=False),
    "indented json": lambda document: json.dumps(document, ensure_ascii=False, indent=2),
    "block yaml": lambda document: yaml.dump(document, Dumper=_Quoting, width=10_000),
    "flow yaml": lambda document: yaml.dump(
        document, Dumper=_Quoting, width=20, default_flow_style=True, allow_unicode=True
    ),
}


def _parsed(text: str) -> Node:
    node, problems = parse(Source("a.yaml", text))
    assert node is not None, problems
    assert not problems
    return node


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for _, child in children(node):
        yield from _nodes(child)


def _keys(node: Node) -> Iterator[tuple[str, Entry]]:
    for inner in _nodes(node):
        if isinstance(inner, MapNode):
            yield from inner.entries.items()


def _at(span: Span) -> str:
    """Return the text that a span covers."""
    lines = span.source.lines[span.line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)


def _found(text: str) -> tuple[str, str]:
    """Return the place and the message of the only thing that is wrong with a text."""
    _, (problem,) = parse(Source("a.yaml", text))
    return str(problem.span).removeprefix("a.yaml:"), problem.message


@pytest.mark.parametrize("writer", _WRITERS)
@given(document=_DOCUMENTS)
@settings(max_examples=60, deadline=None)
def test_what_was_written_is_read(writer: str, document: JSON) -> None:
    """A document that YAML or JSON wrote reads as the same value, and its scalars where they are.

    The text at the place of a scalar, and of a key, is that scalar and that key again.
    """
    node = _parsed(_WRITERS[writer](document))
    assert plain(node) == document
    for inner in _nodes(node):
        if isinstance(inner, ScalarNode):
            assert plain(_parsed(_at(inner.span))) == inner.value
    for key, entry in _keys(node):
        assert str(plain(_parsed(_at(entry.key)))) == key
    starts = [(inner.span.line, inner.span.column) for inner in _nodes(node)]
    assert starts == sorted(starts)


@given(
    text=st.text()
    | st.text(st.sampled_from("a:{}[]&*!|>-?%\"'#, \n\r\t\x85\u2028\ufeff\0é\udcff0.x<~"))
)
@settings(max_examples=600, deadline=None)
def test_any_text_is_a_tree_or_a_finding_inside_the_text(text: str) -> None:
    """Nothing that can be typed makes the parser raise, or point outside of the text."""
    source = Source("a.yaml", text)
    node, problems = parse(source)
    assert node is not None or problems
    spans = [problem.span for problem in problems]
    spans += [inner.span for inner in _nodes(node)] if node else []
    for span in spans:
        assert 1 <= span.line <= span.end_line <= len(source.lines)
        assert 1 <= span.column <= len(source.lines[span.line - 1]) + 1
        assert (span.line, span.column) <= (span.end_line, span.end_column)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-5", 1e-5),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-0", 0),
        ("+7", 7),
        ("007", 7),
        ("0o17", 15),
        ("0xFF", 255),
        ("1_000", "1_000"),
        ("0b1", "0b1"),
        ("190:20:30", "190:20:30"),
        ("2024-01-01", "2024-01-01"),
        ("1.2.3", "1.2.3"),
        ("e5", "e5"),
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("tRue", "tRue"),
        ("=", "="),
        ("TRUE", True),
        ("false", False),
        ("~", None),
        ("Null", None),
        ("", None),
        ('"1"', "1"),
        ("'true'", "true"),
        ("!!str 1", "1"),
        ("! 1", "1"),
        ("!!int '5'", 5),
        ("!!float 2", 2),
        ("|\n  1\n", "1\n"),
        (">-\n  a\n  b\n", "a b"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: JSON) -> None:
    """Scalars follow the core schema of YAML 1.2, and so do their types."""
    found = plain(_parsed(text))
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: [1", "1:4", "`[` is not closed"),
        ("a: b: c", "1:5", "`: ` in an unquoted string"),
        ("a:\n\tb: 1", "2:1", "tabs are not allowed in indentation"),
        ("é: \x01", "1:4", "the character U+0001 is not allowed in YAML"),
        ("a: 1\nb: \0", "2:4", "the character U+0000 is not allowed in YAML"),
        ("a: \udcff", "1:4", "the character U+DCFF is not allowed in YAML"),
        ("a: 1\n---\nb: 2", "3:1", "a second document begins here: a file holds one"),
        ("? [a]\n: 1", "1:3", "a key must be a string"),
        ("a: &b 1\n*b : 2", "2:1", "a key must be a string"),
        (
            "a: &b 1\n<<: *b",
            "2:1",
            "merge keys (`<<`) are not part of YAML 1.2; write the keys out",
        ),
        ("a: !mine 1", "1:4", "unknown tag `!mine`"),
        ("a: !!binary aGk=", "1:4", "unknown tag `tag:yaml.org,2002:binary`"),
        ("!!set {a}", "1:1", "unknown tag `tag:yaml.org,2002:set`"),
        ("- !!omap []", "1:3", "unknown tag `tag:yaml.org,2002:omap`"),
        ("!mine a: 1", "1:1", "unknown tag `!mine`"),
        (
            "a: !!python/object/apply:os.system [id]",
            "1:4",
            "unknown tag `tag:yaml.org,2002:python/object/apply:os.system`",
        ),
        ("a: *b", "1:4", "undefined alias `*b`"),
        ("a: &b [*b]", "1:8", "alias `*b` inside its own value"),
        ("a: &b\n  c: {d: *b}", "2:10", "alias `*b` inside its own value"),
        ("a: .inf", "1:4", "`.inf` is not a finite number"),
        ("a: [-.INF]", "1:5", "`-.INF` is not a finite number"),
        ("a: .nan", "1:4", "`.nan` is not a finite number"),
        ("a: 1e999", "1:4", "`1e999` is too large a number"),
        ("a: " + "9" * 500, "1:4", "a number of 500 characters is longer than 400"),
        ("a: 1\nb: 2\na: 3", "3:1", "duplicate key `a`: first set on line 1"),
        ("{a: 1, 'a': 2}", "1:8", "duplicate key `a`: first set on line 1"),
        ("a: 1\rb: 2\r\na: 3", "3:1", "duplicate key `a`: first set on line 1"),
        ("x: '\u2028'\n\x85a: 1\na: 3", "5:1", "duplicate key `a`: first set on line 4"),
    ],
)
def test_what_yaml_may_say_and_a_document_may_not_is_refused_at_its_place(
    text: str, place: str, message: str
) -> None:
    """Each thing that a document cannot mean is one finding, where it stands."""
    assert _found(text) == (place, message)


def test_a_duplicate_key_shows_the_first_one() -> None:
    """A key that is set twice names the place where it was set first, and keeps that value."""
    node, (problem,) = parse(Source("a.yaml", "b: 0\na: 1\na: 2\n"))
    assert node is not None
    assert plain(node) == {"b": 0, "a": 1}
    assert (problem.code, _at(problem.span), problem.span.line) == ("duplicate-key", "a", 3)
    (first,) = problem.related
    assert (first.message, _at(first.span), first.span.line) == ("first set here", "a", 2)


def _bomb(levels: int, width: int) -> str:
    """Return a text of aliases that stand for `width ** levels` values."""
    lines = ["a0: &a0 x"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, levels + 1)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("fits", "too_much", "message"),
    [
        (_bomb(4, 8), _bomb(9, 9), "the aliases stand for more than 10000 values"),
        ("[" * 64 + "]" * 64, "[" * 65 + "]" * 65, "more than 64 levels of nesting"),
        ("{a: " * 63 + "1" + "}" * 63, "- " * 100_000, "more than 64 levels of nesting"),
        ("#" * 2**20, "#" * (2**20 + 1), "the file is larger than 1 MiB"),
        ("9" * 308, "9" * 309, f"`{'9' * 309}` is too large a number"),
    ],
    ids=["aliases", "lists", "mappings", "size", "digits"],
)
def test_a_document_is_bounded(fits: str, too_much: str, message: str) -> None:
    """What is within a limit is read, and what is beyond it is refused, however large."""
    assert parse(Source("a.yaml", fits))[1] == []
    assert _found(too_much)[1] == message


def test_an_alias_is_a_copy_with_the_place_of_what_it_stands_for() -> None:
    """An alias has the value of its anchor, and the place where that value was written."""
    node = _parsed("a: &x {b: 1}\nc: *x")
    assert plain(node) == {"a": {"b": 1}, "c": {"b": 1}}
    assert isinstance(node, MapNode)
    assert node.entries["c"].value.span.line == 1
