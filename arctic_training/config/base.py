"""Base of all recipe models: closed, strict, frozen, with human-readable numbers.

A model is pure data. Validating it reads no file, starts no process and imports no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, TypeAlias, get_args

from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from pydantic import GetCoreSchemaHandler as CoreHandler
from pydantic import GetJsonSchemaHandler as JSONHandler
from pydantic.json_schema import JsonSchemaValue, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from arctic_training.config.attribute_docs import attribute_docs
from arctic_training.config.uri import URI_PATTERN
from arctic_training.document.numbers import NUMBER_PATTERN, human_number
from arctic_training.document.schema_forms import (
    NO_EFFECT,
    TYPE_DOC,
    by_type,
    one_or_many,
    with_former_names,
)

__all__ = [
    "URI",
    "Bare",
    "ByType",
    "Config",
    "Human",
    "HumanFloat",
    "HumanInt",
    "OneOrMany",
    "PathInRecipe",
    "SectionConfig",
]


class Config(BaseModel, frozen=True):
    """A part of a recipe."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        validate_default=True,
        defer_build=True,  # a recipe needs one validator, not one for each of its sections
    )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: JSONHandler, /
    ) -> JsonSchemaValue:
        """Describe the fields, and accept their former names, if they have any."""
        reference = handler(core)
        schema = handler.resolve_ref_schema(reference)
        _describe(cls, schema.get("properties", {}))
        _mark_fixed(schema.get("properties", {}))
        named = {**with_former_names(schema, dict(_former_names(cls)))}
        schema.clear()
        schema.update(named)
        return reference


def _describe(model: type[Config], properties: dict[str, JsonSchemaValue]) -> None:
    docs = attribute_docs(model)
    for name, field in model.model_fields.items():
        shown = properties.get(field.alias or name)
        text = docs.get(name) or (TYPE_DOC if name == "type" else "")
        if shown is not None and text:
            shown["description"] = text


def _mark_fixed(properties: dict[str, JsonSchemaValue]) -> None:
    """Mark the keys that take no value but their default; `type` tells sections apart."""
    for name, shown in properties.items():
        is_fixed = {"const", "default"} <= shown.keys() and shown["const"] == shown["default"]
        if is_fixed and name != "type":
            shown.update(NO_EFFECT)


def _former_names(model: type[Config]) -> Iterator[tuple[str, list[str]]]:
    for name, field in model.model_fields.items():
        if isinstance(field.validation_alias, AliasChoices):
            yield name, [str(choice) for choice in field.validation_alias.choices[1:]]


class SectionConfig(Config, frozen=True):
    """A section of a recipe that a factory turns into a part of the trainer.

    Each class has a ``type`` of its own, the name of its factory.
    """


class Human:
    """Marks a number that a recipe may also write as `10k`, `2^20` or `5%`.

    It comes last in an ``Annotated``, after the limits of the number.
    """

    def __get_pydantic_core_schema__(self, number: object, handler: CoreHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_number, handler(number))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: JSONHandler
    ) -> JsonSchemaValue:
        schema = handler(core)
        return schema | {"type": [schema["type"], "string"], "pattern": NUMBER_PATTERN}


class Bare:
    """Marks a number: a string in its place is read as one."""

    def __get_pydantic_core_schema__(self, number: object, handler: CoreHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_whole, handler(number))


def _number(value: object) -> object:
    """Read strings as numbers, and floats without a fraction as integers."""
    if isinstance(value, str):
        number = human_number(value)
        return value if number is None else number
    return _whole(value)


def _whole(value: object) -> object:
    """Read floats without a fraction as integers, as JSON Schema does with `1.0`."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


HumanInt: TypeAlias = Annotated[int, Human()]
"""An integer without limits. With limits: ``Annotated[int, Field(ge=1), Human()]``."""

HumanFloat: TypeAlias = Annotated[float, Human()]
"""A number without limits."""

PathInRecipe: TypeAlias = Annotated[
    Path, Field(strict=False), WithJsonSchema({"type": "string", "format": "path"})
]
"""A path; a relative one starts at the file that holds it."""


URI: TypeAlias = Annotated[
    str,
    Field(pattern=URI_PATTERN),
    WithJsonSchema({"type": "string", "format": "uri", "pattern": URI_PATTERN}),
]
"""A URI with its scheme, as a string."""


class ByType:
    """Marks a union of sections that ``type`` tells apart; one that names none is the first."""

    def __get_pydantic_core_schema__(self, union: object, handler: CoreHandler) -> CoreSchema:
        first = get_args(union)[0].model_fields["type"].default
        told_apart = handler.generate_schema(Annotated[union, Field(discriminator="type")])
        return core_schema.no_info_before_validator_function(_named(first), told_apart)

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: JSONHandler
    ) -> JsonSchemaValue:
        mapping: dict[str, str] = handler(core)["discriminator"]["mapping"]
        branches = {name: {"$ref": reference} for name, reference in mapping.items()}
        return by_type(branches, first=next(iter(branches)))


def _named(first: str) -> Callable[[object], object]:
    def named(value: object) -> object:
        return (
            {"type": first, **value} if isinstance(value, dict) and "type" not in value else value
        )

    return named


class OneOrMany:
    """Marks a tuple, a list in a recipe, for which a single item may be written."""

    def __get_pydantic_core_schema__(self, items: object, handler: CoreHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_listed, handler(items))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: JSONHandler
    ) -> JsonSchemaValue:
        return one_or_many(handler(core))


def _listed(value: object) -> object:
    if isinstance(value, dict | BaseModel):
        return (value,)
    return tuple(value) if isinstance(value, list) else value
