"""What a user begins with holds together with the definition that it was made from."""

from __future__ import annotations

from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from arctic_training.codegen.json_types import json_schema
from arctic_training.codegen.samples import sample
from arctic_training.codegen.spec import ListType, NullableType, ScalarType
from arctic_training.document import JSON, Schema

ends = st.integers(-20, 20) | st.floats(-20, 20)


@given(
    st.sampled_from(["minimum", "exclusiveMinimum", None]),
    st.sampled_from(["maximum", "exclusiveMaximum", None]),
    ends,
    st.floats(0.1, 5),
    st.integers(1, 5) | st.none(),
)
def test_a_sample_keeps_to_its_limits(
    low: str | None, high: str | None, start: float, width: float, step: int | None
) -> None:
    """A number that is put into a recipe for want of a default is one that its field takes."""
    begin, end = start, start + width
    if step:
        begin, end = round(start), round(start) + 2 * step
    limits = {key: limit for key, limit in ((low, begin), (high, end)) if key}
    if step:
        limits["multipleOf"] = step
    number = ScalarType("integer" if step else "number", tuple(limits.items()))
    for kind in (number, ListType(number, (("minItems", 2),)), NullableType(number)):
        schema = Schema(cast("dict[str, JSON]", json_schema(kind)))
        assert [*schema.errors(sample(kind))] == []
