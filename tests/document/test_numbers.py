"""Numbers as people write them."""

from __future__ import annotations

import re

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from arctic_training.document.numbers import NUMBER_PATTERN, human_number

_SCHEMA = {"type": "string", "pattern": NUMBER_PATTERN}
_FAST = jsonschema_rs.Draft7Validator(_SCHEMA)
_ORACLE = jsonschema.Draft7Validator(_SCHEMA)
_ALMOST = st.from_regex(
    r"\A[-+]?[0-9_]{0,4}\.?[0-9_]{0,3}([eE^][-+]?[0-9.]{0,6}|%|[kKmMgGtTbBxX][iI]?)?[ %_]?\Z",
    alphabet=st.characters(codec="ascii"),
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("+7", 7),
        ("-0", 0),
        ("1_000", 1000),
        ("1__0.5_", 10.5),
        (".5", 0.5),
        ("3.", 3),
        ("2k", 2000),
        ("1.25K", 1250),
        ("-2m", -2_000_000),
        ("3g", 3 * 10**9),
        ("3B", 3 * 10**9),
        ("1T", 10**12),
        ("1Ki", 1024),
        ("1.5ki", 1536),
        ("2MI", 2 * 2**20),
        ("1gi", 2**30),
        ("1Ti", 2**40),
        ("50%", 0.5),
        ("-5%", -0.05),
        ("200%", 2),
        ("2^20", 2**20),
        ("-2^2", -4),
        ("2^-1", 0.5),
        ("2^0.5", 2**0.5),
        ("10^-2", 0.01),
        ("1e-5", 1e-5),
        ("1_0E3", 10_000),
        ("0.1k", 100),
        ("123456789012345678901234567890123e0", 123456789012345678901234567890123),
        ("2^1023", 2**1023),
    ],
)
def test_a_number_means_what_it_says(text: str, number: float) -> None:
    """Each form has its value, exactly, and a whole one is an integer."""
    found = human_number(text)
    assert (type(found), found) == (type(number), number)


@pytest.mark.parametrize(
    "text",
    [
        "", "k", "-", ".", "_1", "1 000", "1,5", "1kk", "1bi", "5%%", "1e", "1e5k", "2^", "2^^2",
        "0x10", "1.2.3", "inf", "nan", "1\n", " 1", "\u0661\u0662", "\uff11", "one",
    ],
)  # fmt: skip
def test_anything_else_is_a_text(text: str) -> None:
    """What is not one of the forms is no number, for the schema neither."""
    assert human_number(text) is None
    assert not _FAST.is_valid(text)


@pytest.mark.parametrize(
    "text", ["1e309", "-2^1024", "9^9999", "0^0", "0^-1", "1e999", "9" * 400, "9" * 1_000_001]
)
def test_what_no_number_can_hold_is_none(text: str) -> None:
    """A number beyond all limits, or that does not exist, is None and not an exception."""
    assert human_number(text) is None


@given(text=_ALMOST | st.text(st.characters(codec="ascii"), max_size=6))
@example("1\n")
@settings(max_examples=500, deadline=None)
def test_the_pattern_matches_what_is_read(text: str) -> None:
    """The pattern of the schemas and the reader agree, whoever evaluates the pattern."""
    number = human_number(text)
    matches = _FAST.is_valid(text)
    assert matches == (re.fullmatch(NUMBER_PATTERN[1:-1], text) is not None)
    if not text.endswith("\n"):  # before which a `$` of Python matches, and none of JSON Schema
        assert matches == _ORACLE.is_valid(text)
    assert matches or number is None
    assert number is not None or not matches or re.search(r"[eE^]", text)


@given(number=st.integers(-(10**18), 10**18) | st.floats(-1e30, 1e30))
def test_a_plain_number_is_itself(number: float) -> None:
    """What Python writes of a number is read as that number."""
    found = human_number(str(number))
    assert found is not None
    assert type(number)(found) == number
