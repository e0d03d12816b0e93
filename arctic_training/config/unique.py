"""Lists without repetitions, as JSON sees them: `1` is `1.0`, and not `true`."""

from __future__ import annotations

from pydantic import GetCoreSchemaHandler as CoreHandler
from pydantic import GetJsonSchemaHandler as JSONHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

__all__ = ["Unique"]


class Unique:
    """Marks a list of scalars in which no value stands twice."""

    def __get_pydantic_core_schema__(self, items: object, handler: CoreHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(_without_repetition, handler(items))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: JSONHandler
    ) -> JsonSchemaValue:
        return handler(core) | {"uniqueItems": True}


def _without_repetition(items: list[object]) -> list[object]:
    if len({(isinstance(item, bool), item) for item in items}) < len(items):
        raise ValueError("duplicate items in a list")
    return items
