"""Choices as JSON sees them: `true` is not 1, and `1.0` is."""

from __future__ import annotations

import json
from typing import get_args

from pydantic import GetCoreSchemaHandler as CoreHandler
from pydantic import GetJsonSchemaHandler as JSONHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

__all__ = ["Exact", "Only"]


class Exact:
    """Marks a ``Literal`` of numbers or truth values, which Python takes for each other."""

    def __get_pydantic_core_schema__(self, choice: object, handler: CoreHandler) -> CoreSchema:
        options = {(type(option), option) for option in get_args(choice)}

        def exact(value: object) -> object:
            whole = int(value) if isinstance(value, float) and value.is_integer() else value
            if isinstance(whole, bool | int) and (type(whole), whole) not in options:
                raise ValueError(f"`{json.dumps(value)}` is none of the values allowed")
            return whole

        return core_schema.no_info_before_validator_function(exact, handler(choice))


class Only(Exact):
    """Marks a ``Literal`` of the one value that is built, and says why another is refused."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: JSONHandler
    ) -> JsonSchemaValue:
        return handler(core) | {"x-code": "not-supported", "x-hint": self._reason}
