"""Markers of pydantic fields: what an ``Annotated`` type accepts beside what its type says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import get_args

from pydantic import GetCoreSchemaHandler as CoreHandler
from pydantic import GetJsonSchemaHandler as JSONHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

__all__ = ["Exact", "Named", "Only", "Spelled", "Unique"]


class Exact:
    """Marks a ``Literal`` of numbers or booleans, compared as in JSON: `true` is not 1."""

    def __get_pydantic_core_schema__(self, choice: object, handler: CoreHandler) -> CoreSchema:
        options = {(type(option), option) for option in get_args(choice)}

        def exact(value: object) -> object:
            whole = int(value) if isinstance(value, float) and value.is_integer() else value
            if isinstance(whole, bool | int) and (type(whole), whole) not in options:
                raise ValueError(f"`{json.dumps(value)}` is not one of the allowed values")
            return whole

        return core_schema.no_info_before_validator_function(exact, handler(choice))


class Only(Exact):
    """Marks a ``Literal`` of the one value that is supported, with advice for other values."""

    def __init__(self, advice: str) -> None:
        self._advice = advice

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: JSONHandler
    ) -> JsonSchemaValue:
        return handler(core) | {"x-code": "not-supported", "x-hint": self._advice}


class Named:
    """Marks a string with one fixed value, such as the `type` of a section.

    For pydantic it is a ``Literal``; for mypy a ``str``, so that a section which extends another
    can have a name of its own.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get_pydantic_core_schema__(self, _text: object, _handler: CoreHandler) -> CoreSchema:
        return core_schema.literal_schema([self.name])


class Spelled:
    """Marks a ``Literal`` of strings, each of which has aliases.

    The value is the string of the ``Literal``, whichever alias was written. Messages name no
    aliases.

    Args:
        spellings: the string of the ``Literal`` by each alias.

    """

    def __init__(self, spellings: Mapping[str, str]) -> None:
        self._spellings = spellings

    def __get_pydantic_core_schema__(self, choice: object, handler: CoreHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._read, handler(choice))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: JSONHandler
    ) -> JsonSchemaValue:
        spelled = {"enum": [*self._spellings]}
        chosen = handler(core)
        proposed = {"examples": chosen["enum"]}  # editors propose nothing from behind a condition
        return {"if": spelled, "then": spelled, "else": chosen, **proposed}

    def _read(self, value: object) -> object:
        return self._spellings.get(value, value) if isinstance(value, str) else value


class Unique:
    """Marks a list of scalars without repetitions, compared as in JSON: `1` is `1.0`."""

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
