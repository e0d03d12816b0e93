"""Names that generated code cannot give to a field, and names made from others."""

from __future__ import annotations

import keyword
from typing import Final

from arctic_training.document import JSON
from arctic_training.resources import schema

__all__ = [
    "REPORTED",
    "camel_case",
    "is_model_member",
    "keyword_in",
    "recipe_keys",
    "reserved_reason",
]

REPORTED: Final = frozenset(
    "step epoch loss learning_rate gradient_norm tokens tokens_per_second".split()
    + "step_time memory_gib tflops mfu".split()
)
"""What the runtime reports of every step, beside the metrics of the definition."""

_PYDANTIC: Final = frozenset(
    """
    construct copy dict from_orm json model_computed_fields model_config model_construct
    model_copy model_dump model_dump_json model_extra model_fields model_fields_set
    model_json_schema model_parametrized_name model_post_init model_rebuild model_validate
    model_validate_json model_validate_strings parse_file parse_obj parse_raw schema schema_json
    update_forward_refs validate
    """.split()
)
_TYPES: Final = frozenset("bool dict float int list str tuple".split())
"""What a generated class says beside its fields, which would mean the field from then on."""

_PROTECTED: Final = ("model_dump", "model_validate")
"""How the names begin that pydantic keeps for members to come."""


def reserved_reason(name: str, *, in_recipe: bool) -> str:
    """Return why a field cannot have this name, or an empty text.

    ``in_recipe`` says whether the field stands beside the sections that every recipe has.
    """
    if in_recipe and name in recipe_keys():
        return "every recipe has a key of this name"
    if keyword.iskeyword(name):
        return "it is a keyword of Python"
    if name in _TYPES:
        return "the class that has it says the types of its fields with this word"
    if is_model_member(name):
        return "pydantic models have a member of this name"
    return ""


def is_model_member(name: str) -> bool:
    """Return whether every config has a member of this name, or may have one some day."""
    return name in _PYDANTIC or name.startswith((*_PROTECTED, "__"))


def keyword_in(*names: str) -> str:
    """Return the first of some names that is a keyword of Python, or an empty text."""
    return next(filter(keyword.iskeyword, names), "")


def camel_case(name: str) -> str:
    """Return ``my-own_name`` as ``MyOwnName``."""
    return "".join(word[:1].upper() + word[1:] for word in name.replace("-", "_").split("_"))


def recipe_keys() -> set[str]:
    """Return the keys that every recipe may have."""
    definitions = schema("sections.schema.json").root["definitions"]
    assert isinstance(definitions, dict)
    recipe: JSON = definitions["TrainerConfig"]
    assert isinstance(recipe, dict)
    properties = recipe["properties"]
    assert isinstance(properties, dict)
    return {"type", *properties}
