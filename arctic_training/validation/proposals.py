"""Proposals for a name that is written in place of a section."""

from __future__ import annotations

from typing import Final

from jsonschema_rs import ValidationError

from arctic_training.config.foreign import FOREIGN_WORDS, foreign_type
from arctic_training.diagnostics import nearest
from arctic_training.document.node import JSON, MapNode, Node, Pointer, value_span
from arctic_training.validation.key_locations import known_keys
from arctic_training.validation.schema import Schema, Subschema
from arctic_training.validation.unknown_keys import keys_listed

__all__ = ["section_instead"]

_FIRST_KEYS: Final = ("name_or_path", "output_dir")
"""The main key of a section: a string in place of the section is its value."""

_JSON: Final = frozenset(FOREIGN_WORDS.values()) - {"mean", "sum"}


def section_instead(
    error: ValidationError, pointer: Pointer, document: Node, schema: Schema
) -> str:
    """Return what a section would be that is written as a value of another type.

    Of a name, that is the section of this type, or of this model or data; else its keys.
    """
    if not pointer:
        return ""
    section = MapNode({}, value_span(document, pointer))
    rules = schema.below(schema.at(document, pointer[:-1]), pointer[-1], section)
    known = known_keys(rules)
    if error.instance is None and known:
        return f"indent its keys below `{pointer[-1]}:`, or leave `{pointer[-1]}` out"
    if isinstance(error.instance, bool) and "enable" in known:
        return f"write `{{enable: {str(error.instance).lower()}}}`"
    if not known or isinstance(error.instance, list | dict):
        return ""
    if not isinstance(error.instance, str):
        return keys_listed(known, rules, schema)
    return _proposed(error.instance, rules, known) or keys_listed(known, rules, schema)


def _proposed(value: str, rules: list[Subschema], known: list[str]) -> str:
    """Return a name as the section that it probably stands for."""
    types = [option for rule in rules for option in _options(rule)]
    if len(types) > 1 and (instead := foreign_type(value)):
        return f"{instead}, indented below it"
    if kind := nearest(value, types):
        return f"write `{{type: {kind}}}`"
    for key in _FIRST_KEYS:
        if key in known:
            return f"write `{{{key}: {value}}}`"
    word = FOREIGN_WORDS.get(value.casefold(), value)
    return f"write `{{type: {word}}}`" if {"anyOf", "type"} <= {*known} and word in _JSON else ""


def _options(rule: Subschema) -> list[str]:
    properties = rule.get("properties")
    kind: JSON = properties.get("type") if isinstance(properties, dict) else None
    options = kind.get("enum") if isinstance(kind, dict) else None
    return [str(option) for option in options] if isinstance(options, list) else []
