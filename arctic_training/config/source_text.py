"""A data source that is a text: a name on the hub or a path, with or without a split."""

from __future__ import annotations

from typing import get_args

from pydantic import GetCoreSchemaHandler as CoreHandler
from pydantic import GetJsonSchemaHandler as JSONHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from arctic_training.config.base import ByType, SectionConfig
from arctic_training.document.schema_forms import JSONSchema

__all__ = ["BySource"]

_TEXT: JSONSchema = {"type": "string", "pattern": "^[^:]", "format": "name-or-path"}


class BySource(ByType):
    """Marks a union of sources; a text stands for a section.

    `NAME` and `NAME:SPLIT` are what the first source takes as its ``name_or_path``. The ``type`` of
    a source that needs no key is that source.
    """

    def __get_pydantic_core_schema__(self, union: object, handler: CoreHandler) -> CoreSchema:
        models: tuple[type[SectionConfig], ...] = get_args(union)
        whole = {
            str(model.model_fields["type"].default)
            for model in models
            if not any(field.is_required() for field in model.model_fields.values())
        }

        def spelled_out(value: object) -> object:
            if not isinstance(value, str):
                return value
            return {"type": value} if value in whole else {"name_or_path": value}

        told_apart = super().__get_pydantic_core_schema__(union, handler)
        return core_schema.no_info_before_validator_function(spelled_out, told_apart)

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: JSONHandler
    ) -> JsonSchemaValue:
        section = super().__get_pydantic_json_schema__(core, handler)
        return {"if": {"type": "string"}, "then": dict(_TEXT), "else": section}
