"""Names that generated code cannot give to a field, and names made from others."""

from __future__ import annotations

import keyword
from functools import cache
from typing import Final, cast

from arctic_training.document import JSON
from arctic_training.validation.shipped_schemas import schema

__all__ = [
    "RECIPE",
    "REPORTED",
    "camel_case",
    "is_model_member",
    "keyword_in",
    "recipe_keys",
    "reserved_reason",
]

REPORTED: Final = frozenset(
    "step epoch loss learning_rate gradient_norm tokens tokens_per_second".split()
    + "step_time memory_gib tflops mfu timestamp".split()
)
"""What the runtime reports of every step, beside the metrics of the definition."""

_TYPES: Final = frozenset("bool dict float int list str tuple".split())
"""What a generated class says beside its fields, which would mean the field from then on."""

RECIPE: Final = "TrainerConfig"
"""The class of what every recipe has."""

_BARE: Final = "Config"
"""The class from which all others derive, and those of objects directly."""

_PROTECTED: Final = ("model_dump", "model_validate")
"""How the names begin that pydantic keeps for members to come."""


def reserved_reason(name: str, *, config_class: str = "") -> str:
    """Return why a field cannot have this name, or an empty string.

    ``config_class`` is the built-in class of a section that the class with the field extends.
    """
    if config_class == RECIPE and name in recipe_keys():
        return "every recipe has a key of this name"
    if keyword.iskeyword(name):
        return "it is a keyword of Python"
    if name in _TYPES:
        return "the class that has it says the types of its fields with this word"
    if is_model_member(name):
        return "pydantic models have a member of this name"
    if name in _members().get(config_class, ()):
        return f"`{config_class}` has a member of this name, which the field would hide"
    return ""


def is_model_member(name: str) -> bool:
    """Return whether every config has a member of this name, or may have one some day."""
    return name in _members()[_BARE] or name.startswith((*_PROTECTED, "__"))


def keyword_in(*names: str) -> str:
    """Return the first of some names that is a keyword of Python, or an empty string."""
    return next(filter(keyword.iskeyword, names), "")


def camel_case(name: str) -> str:
    """Return ``my-own_name`` as ``MyOwnName``."""
    return "".join(word[:1].upper() + word[1:] for word in name.replace("-", "_").split("_"))


@cache
def recipe_keys() -> frozenset[str]:
    """Return the keys that every recipe may have."""
    definitions = schema("sections.schema.json").root["definitions"]
    assert isinstance(definitions, dict)
    recipe: JSON = definitions[RECIPE]
    assert isinstance(recipe, dict)
    properties = recipe["properties"]
    assert isinstance(properties, dict)
    return frozenset({"type", *properties})


def _members() -> dict[str, list[str]]:
    """Return the members of each config class that are not keys, as the schema lists them."""
    return cast("dict[str, list[str]]", schema("sections.schema.json").root["x-members"])
