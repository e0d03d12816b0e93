"""Choices that have other spellings."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import GetCoreSchemaHandler as CoreHandler
from pydantic import GetJsonSchemaHandler as JSONHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

__all__ = ["Spelled"]


class Spelled:
    """Marks a ``Literal`` of texts, each of which may be spelled in other ways.

    The value is the text of the ``Literal``, however it was spelled. Messages name no spellings.

    Args:
        spellings: the text of the ``Literal`` by each other spelling.

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
