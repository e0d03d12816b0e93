"""Text on its way into generated code."""

from __future__ import annotations

import ast
import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arctic_training.codegen.code import docstring, literal, printable
from arctic_training.definition.fields.keywords import described

_YOUNG = "\U0001fae8 \u2ffc \U0001fae9 \U0001fa8a"
"""Characters that came with Unicode 15, 15.1, 16 and 17: Python 3.11 knows none of them."""
_SPACES = st.text(st.sampled_from("ab \n\t\xa0\u3000\x0b\x0c\x1c\x85\u2028\r"))


def test_a_character_is_written_alike_whatever_python_knows_of_it() -> None:
    """What is younger than a Python's Unicode stands as it is; what is never seen is escaped."""
    assert _YOUNG == printable(_YOUNG) == docstring(_YOUNG)
    assert f"['{_YOUNG}']" == literal([_YOUNG])
    assert literal("\xad\u202e\U00013439\\xad") == r"'\xad\u202e\U00013439\\xad'"
    assert printable("\xad\u202e\U00013439") == r"\xad\u202e\U00013439"


@given(st.text() | st.dictionaries(st.text(), st.lists(st.text() | st.integers())))
def test_a_literal_means_its_value(value: object) -> None:
    """Evaluated, it is what it was made from."""
    assert value == ast.literal_eval(literal(value))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a\n  b\n    c\n", "a\nb\n  c"),
        ("a\n\xa0\xa0b\n\xa0 \u3000c", "a\nb\n\u3000c"),
        ("a\n    b\n \xa0\n    c", "a\nb\n\nc"),
        ("\u3000a\n\tb\n\t  \x0bc", "a\nb\n  \x0bc"),
    ],
)
def test_any_space_is_indentation(written: str, expected: str) -> None:
    """A description loses what stands before all its lines, by no rule of one Python."""
    assert expected == described(written)


@given(_SPACES)
def test_a_description_is_what_a_reader_of_the_docstring_gets(text: str) -> None:
    """The cleaning that readers of docstrings do leaves nothing to do, in any Python."""
    made = described(f"a{text}")
    assert made == inspect.cleandoc(made)
