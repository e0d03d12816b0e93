"""One set of findings in many forms."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeAlias, cast
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft4Validator, Draft7Validator

from arctic_training.diagnostics import Diagnostic, Format, Related, Severity, Source, Span, render
from arctic_training.document import JSON
from tests.support import arctic_gen

_SOURCE: Final = Source("conf/a b.yaml", "one: 1\n\ttwo: \x1b[31m2\n" + "x" * 300 + "\n")
_FIRST: Final = Diagnostic(
    code="unknown-key",
    message="unknown key `one`",
    span=Span(_SOURCE, 1, 1, 1, 4),
    suggestion="two",
)
_SECOND: Final = Diagnostic(
    code="wrong-type",
    message="100%: a, b\nand \x1b[2J\u202ethis",
    span=Span(_SOURCE, 2, 7, 2, 13),
    severity=Severity.WARNING,
    related=(Related("first, here", Span(_SOURCE, 1, 6, 1, 7)),),
    note="three",
    help="one\ntwo\r",
    paste="a\n    b\n",
)
_FINDINGS: Final = [_SECOND, _FIRST, _SECOND]
_AT: Final = Related("here", Span(_SOURCE, 1, 6, 1, 7))
_Place: TypeAlias = tuple[str, int, int]


def test_text_shows_the_place_the_line_and_what_to_do() -> None:
    """Each finding is a head of one line, its line with marks, related places, note and help.

    No control code reaches the terminal, and what is not seen is, above the marks, a symbol.
    """
    assert render(_FINDINGS, Format.TEXT) == (
        "conf/a b.yaml:1:1: error[unknown-key]: unknown key `one`; did you mean `two`?\n"
        "    1 | one: 1\n"
        "      | ^^^\n"
        "  docs: docs/reference/diagnostics.md#unknown-key\n"
        "conf/a b.yaml:2:7: warning[wrong-type]: 100%: a, b and  [2J this\n"
        "    2 |  two: ␣[31m2\n"
        "      |       ^^^^^^\n"
        "  conf/a b.yaml:1:6: first, here\n"
        "    1 | one: 1\n"
        "      |      ^\n"
        "  note: three\n"
        "  docs: docs/reference/diagnostics.md#wrong-type\n"
        "  help: one\n"
        "        two \n"
        "a\n"
        "    b\n"
    )


@pytest.mark.parametrize(
    ("column", "end", "before", "marks"), [(1, 300, 0, 120), (100, 102, 60, 2), (290, 301, 60, 11)]
)
def test_a_long_line_is_cut_around_the_place(
    column: int, end: int, before: int, marks: int
) -> None:
    """Of a long line, 120 characters around the place are shown, and the marks stay inside."""
    finding = Diagnostic(code="x", message="y", span=Span(_SOURCE, 3, column, 3, end))
    _, line, marked, _ = render([finding], Format.TEXT).splitlines()
    assert line.removeprefix("    3 | ") == "x" * min(120, 300 - (column - 1 - before))
    assert marked == "      | " + " " * before + "^" * marks


@pytest.mark.parametrize(
    ("span", "frame"),
    [
        (Span(_SOURCE, 1, 2, 3, 1), "    1 | one: 1\n      |  ^^^^^\n"),
        (Span(_SOURCE, 1, 7, 1, 7), "    1 | one: 1\n      |       ^\n"),
        (Span(_SOURCE, 4, 1, 4, 1), "    4 |\n      | ^\n"),
        (Span(_SOURCE, 9, 1, 9, 1), ""),
        (Source("b", "").start(), ""),
    ],
)
def test_any_place_can_be_shown(span: Span, frame: str) -> None:
    """A place over several lines ends with its first, and an empty or absent one is no error."""
    text = render([Diagnostic(code="x", message="y", span=span)], Format.TEXT)
    page = "  docs: docs/reference/diagnostics.md#x\n"
    assert text == f"{span}: error[x]: y\n{frame}{page}"


def test_json_has_every_field() -> None:
    """A program finds each part of a finding by its name; lines and columns count from 1."""
    path = {"path": "conf/a b.yaml"}
    first = {"line": 1, "column": 6, "end_line": 1, "end_column": 7, "message": "first, here"}
    assert json.loads(render(_FINDINGS, Format.JSON)) == {
        "version": 1,
        "diagnostics": [
            {
                **path, "line": 1, "column": 1, "end_line": 1, "end_column": 4,
                "code": "unknown-key", "severity": "error", "message": "unknown key `one`",
                "note": "", "help": "", "hint": "", "suggestion": "two", "paste": "",
                "docs": "docs/reference/diagnostics.md#unknown-key", "related": [],
            },
            {
                **path, "line": 2, "column": 7, "end_line": 2, "end_column": 13,
                "code": "wrong-type", "severity": "warning", "message": _SECOND.message,
                "note": "three", "help": "one\ntwo\r", "hint": "one\ntwo\r",
                "suggestion": "", "paste": "a\n    b\n",
                "docs": "docs/reference/diagnostics.md#wrong-type",
                "related": [path | first],
            },
        ],
    }  # fmt: skip


def test_github_gets_one_escaped_command_a_finding() -> None:
    """What would end a command, a property or a message is escaped as GitHub reads it back."""
    source = Source("a,b:c%.yaml", "")
    found = [_FIRST, _SECOND, Diagnostic(code="x", message="y", span=source.start())]
    assert render(found, Format.GITHUB).split("\n") == [
        "::error file=a%2Cb%3Ac%25.yaml,line=1,endLine=1,col=1,endColumn=1,title=x::y",
        (
            "::error file=conf/a b.yaml,line=1,endLine=1,col=1,endColumn=4,title=unknown-key"
            "::unknown key `one`; did you mean `two`?"
        ),
        (
            "::warning file=conf/a b.yaml,line=2,endLine=2,col=7,endColumn=13,title=wrong-type"
            "::100%25: a, b%0Aand \x1b[2J\u202ethis%0Athree%0Aone%0Atwo%0D%0Aa%0A    b%0A"
        ),
        "",
    ]


def test_sarif_is_a_log_of_version_2_1_0() -> None:
    """The log has what SARIF 2.1.0 requires, each rule once, and addresses that are URIs."""
    odd = os.fsdecode(b"\xff%.yaml")
    found = [*_FINDINGS, Diagnostic(code="x", message="y", span=Source(odd, "").start())]
    log = json.loads(render(found, Format.SARIF))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert run["tool"]["driver"]["name"] == "arctic-gen"
    assert run["columnKind"] == "unicodeCodePoints"
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    pages = [rule["helpUri"] for rule in run["tool"]["driver"]["rules"]]
    assert pages == [f"docs/reference/diagnostics.md#{rule}" for rule in rules]
    assert rules == ["unknown-key", "wrong-type", "x"]
    assert [result["ruleId"] for result in run["results"]] == rules
    assert [result["level"] for result in run["results"]] == ["error", "warning", "error"]
    assert run["results"][1] == {
        "ruleId": "wrong-type",
        "level": "warning",
        "message": {"text": _SECOND.message + "\nthree\none\ntwo\r\na\n    b\n"},
        "locations": [_location(2, 7, 13)],
        "relatedLocations": [_location(1, 6, 7) | {"message": {"text": "first, here"}}],
    }
    place = run["results"][2]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "%FF%25.yaml"}


def _location(line: int, column: int, end: int) -> dict[str, object]:
    region = {"startLine": line, "startColumn": column, "endLine": line, "endColumn": end}
    return {"physicalLocation": {"artifactLocation": {"uri": "conf/a%20b.yaml"}, "region": region}}


def test_without_findings_a_program_still_reads_a_document() -> None:
    """No findings are an empty text for people and an empty list, not nothing, for programs."""
    for form in (Format.TEXT, Format.CONCISE, Format.GITHUB):
        assert render([], form) == ""
    assert _in_junit(render([], Format.JUNIT)) == []
    assert json.loads(render([], Format.JSON)) == {"version": 1, "diagnostics": []}
    (run,) = json.loads(render([], Format.SARIF))["runs"]
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])


def test_findings_are_sorted_by_file_and_place() -> None:
    """Every form lists the same findings in the order of files, lines, columns and codes, once."""
    places = [("b", 1, 1), ("a", 2, 1), ("a", 10, 1), ("a", 2, 10), ("a", 2, 2)]
    found = [
        Diagnostic(
            code=code, message="", span=Span(Source(path, "\n" * 10), line, column, line, column)
        )
        for code in ("y", "x", "y")
        for path, line, column in places
    ]
    listed = json.loads(render(found, Format.JSON))["diagnostics"]
    order = [(d["path"], d["line"], d["column"], d["code"]) for d in listed]
    assert order == sorted({(*place, code) for place in places for code in "xy"})


_ODD: Final = [
    *_FINDINGS,
    Diagnostic(code="x", message="<&\"'>]]>\x00\x0b\ud800", span=Span(_SOURCE, 1, 6, 1, 6)),
    Diagnostic(code="x", message="y", span=Source('<a>&".yaml', "").start(), related=2 * (_AT,)),
]


def _in_text(text: str) -> list[_Place]:
    found = re.findall(r"^(\S.*):(\d+):(\d+): (?:error|warning)\[", text, re.MULTILINE)
    return [(path, int(line), int(column)) for path, line, column in found]


def _in_json(text: str) -> list[_Place]:
    return [(d["path"], d["line"], d["column"]) for d in json.loads(text)["diagnostics"]]


def _in_github(text: str) -> list[_Place]:
    found = re.findall(r"^::\w+ file=(.*?),line=(\d+),endLine=\d+,col=(\d+),", text, re.MULTILINE)
    return [(path, int(line), int(column)) for path, line, column in found]


def _in_junit(text: str) -> list[_Place]:
    """Read the places of all cases, whose counts are those that the document says."""
    root = ET.fromstring(text.encode("utf-8", "replace"))  # noqa: S314 - it is ours
    cases = root.findall("testsuite/testcase")
    for part in (root, *root.findall("testsuite")):
        said = (int(part.attrib["tests"]), int(part.attrib["failures"]))
        assert said == (len([*part.iter("testcase")]), len([*part.iter("failure")]))
    names = [re.split("[: ]", case.attrib["name"]) for case in cases]
    return [
        (case.attrib["file"], int(line), int(column))
        for case, (line, column, _) in zip(cases, names, strict=True)
    ]


def _in_sarif(text: str) -> list[_Place]:
    (run,) = json.loads(text)["runs"]
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    return [
        (
            unquote(p["artifactLocation"]["uri"]),
            p["region"]["startLine"],
            p["region"]["startColumn"],
        )
        for p in places
    ]


@pytest.mark.parametrize(
    ("form", "read"),
    [
        (Format.TEXT, _in_text),
        (Format.CONCISE, _in_text),
        (Format.JSON, _in_json),
        (Format.GITHUB, _in_github),
        (Format.JUNIT, _in_junit),
        (Format.SARIF, _in_sarif),
    ],
)
def test_every_form_has_the_same_findings(
    form: Format, read: Callable[[str], list[_Place]]
) -> None:
    """Each form has as many findings as were found, at the same places, in the same order."""
    expected = [('<a>&".yaml', 1, 1), ("conf/a b.yaml", 1, 1), ("conf/a b.yaml", 1, 6)]
    assert [*expected, ("conf/a b.yaml", 2, 7)] == read(render(_ODD, form))


def test_concise_is_one_line_with_the_remedy() -> None:
    """One line a finding: the head of its block, and its help."""
    assert render(_FINDINGS, Format.CONCISE) == (
        "conf/a b.yaml:1:1: error[unknown-key]: unknown key `one`; did you mean `two`?\n"
        "conf/a b.yaml:2:7: warning[wrong-type]: 100%: a, b and  [2J this; help: one two \n"
    )


def test_junit_fails_for_errors_alone() -> None:
    """A test server shows an error as a test that failed, and a warning as one that spoke."""
    root = ET.fromstring(render(_FINDINGS, Format.JUNIT))  # noqa: S314 - it is ours
    first, second = root.findall("testsuite/testcase")
    assert (first.attrib["name"], second.attrib["name"]) == ("1:1 unknown-key", "2:7 wrong-type")
    failure = first.find("failure")
    assert failure is not None
    assert failure.attrib == {"type": "unknown-key", "message": _FIRST.sentence}
    assert str(failure.text).startswith("conf/a b.yaml:1:1: error[unknown-key]: ")
    assert [child.tag for child in second] == ["system-out"]


def test_json_keeps_to_its_published_schema(tmp_path: Path) -> None:
    """The schema that `arctic-gen schema findings` prints is that of every document."""
    done = arctic_gen("schema", "findings", folder=tmp_path)
    schema = json.loads(done.out)
    Draft7Validator.check_schema(schema)
    for found in ([], _ODD):
        errors = Draft7Validator(schema).iter_errors(json.loads(render(found, Format.JSON)))
        assert [error.message for error in errors] == []
    entry = json.loads(render(_ODD, Format.JSON))["diagnostics"][0]
    assert list(entry) == list(schema["definitions"]["diagnostic"]["properties"])
    assert all("description" in rule or "$ref" in rule for rule in _rules(schema))


def _rules(schema: dict[str, JSON]) -> Iterator[dict[str, JSON]]:
    definitions = schema["definitions"]
    assert isinstance(definitions, dict)
    for part in (schema, *definitions.values()):
        assert isinstance(part, dict)
        yield part
        yield from cast("dict[str, dict[str, JSON]]", part.get("properties", {})).values()


_SARIF: Final = json.loads(Path(__file__).with_name("sarif.json").read_text("utf-8"))["schema"]
"""The schema of SARIF 2.1.0; the file says where it comes from, and under which licence."""


@pytest.mark.parametrize("found", [[], _FINDINGS, _ODD], ids=["none", "some", "odd"])
def test_sarif_keeps_to_the_schema_of_its_version(found: list[Diagnostic]) -> None:
    """The official schema of SARIF 2.1.0 has nothing to say against a log, whatever is found."""
    errors = Draft4Validator(_SARIF).iter_errors(json.loads(render(found, Format.SARIF)))
    assert [error.message for error in errors] == []


def test_the_schema_of_sarif_is_one_that_can_fail() -> None:
    """A key that SARIF does not know, or a line before the first, is an error to that schema."""
    log = json.loads(render(_FINDINGS, Format.SARIF))
    log["runs"][0]["results"][0]["place"] = 1
    log["runs"][0]["results"][1]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert len([*Draft4Validator(_SARIF).iter_errors(log)]) == 2
