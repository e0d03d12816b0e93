"""JSON as it is written into files."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from arctic_training.document import JSON
from arctic_training.document.json_text import json_text

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=9
)


@given(values)
def test_it_is_what_the_standard_library_writes(value: JSON) -> None:
    """Every value comes out as ``json.dumps`` with an indent of 2 and plain letters writes it."""
    assert json_text(value) == json.dumps(value, indent=2, ensure_ascii=False)
