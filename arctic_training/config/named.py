"""The `type` of a section that another may extend."""

from __future__ import annotations

from pydantic import GetCoreSchemaHandler as CoreHandler
from pydantic_core import CoreSchema, core_schema

__all__ = ["Named"]


class Named:
    """Marks a text that is one name and no other.

    For pydantic it is a ``Literal``; for mypy a text, so that a section which extends another can
    have a name of its own.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get_pydantic_core_schema__(self, _text: object, _handler: CoreHandler) -> CoreSchema:
        return core_schema.literal_schema([self.name])
