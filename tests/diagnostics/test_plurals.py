"""How numbers of things are written."""

from __future__ import annotations

import pytest

from arctic_training.diagnostics.plurals import counted


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (1, "sample", "1 sample"),
        (0, "sample", "0 samples"),
        (12_345, "sample", "12,345 samples"),
        (1, "process", "1 process"),
        (2, "process", "2 processes"),
        (2, "micro-batch", "2 micro-batches"),
        (3, "local path", "3 local paths"),
    ],
)
def test_numbers_of_things(number: int, noun: str, text: str) -> None:
    """One thing is a singular, any other number a plural; thousands are set apart."""
    assert counted(number, noun) == text
