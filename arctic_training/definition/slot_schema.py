"""The parts of ``schemas/trainer.schema.json`` that follow from the slot table.

``python -m arctic_training.definition.slot_schema`` prints the schema with these parts rendered
from the table and from ``schemas/factories.yaml``; the rest is written by hand.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from typing import Final

from arctic_training.config.slots import SLOTS, Slot
from arctic_training.definition.factories.builtin import built_in_factories
from arctic_training.project.resources import resource

__all__ = ["render_slots"]

_PROPERTY: Final = """\
    "{key}": {{
      "description": "{words} that a recipe may choose, by name or defined in place; the first is \
the default.",
      "examples": {examples},
      "if": {{ "type": "array" }},
      "then": {{ "minItems": 1, "uniqueItems": true, "items": {{ "$ref": "#/definitions/{kind}_\
factory" }} }},
      "else": {{ "$ref": "#/definitions/{kind}_factory" }}
    }},
"""
_DEFINITION: Final = """\
    "{kind}_factory": {{
      "examples": {examples},
      "$ref": "#/definitions/factory"
    }},
"""
_REQUIRED: Final = re.compile(r'(?<="required": \[\n      "name",\n)[^]]*(?=    \])')
_PROPERTIES: Final = re.compile(
    r'(?<=\n)    "data_factory_type": \{.*?(?=    "loss": \{)', re.DOTALL
)
_DEFINITIONS: Final = re.compile(
    r'(?<=\n)    "data_factory": \{.*?(?=    "factory": \{)', re.DOTALL
)


def render_slots(schema: str) -> str:
    """Return the text of the schema with the parts of its slots rendered from the table."""
    required = ",\n".join(f'      "{slot.key}"' for slot in SLOTS if slot.is_required)
    schema = _replace(_REQUIRED, f"{required}\n", schema)
    schema = _replace(_PROPERTIES, "".join(map(_property, SLOTS)), schema)
    return _replace(_DEFINITIONS, "".join(map(_definition, SLOTS)), schema)


def _replace(part: re.Pattern[str], text: str, schema: str) -> str:
    (found,) = part.finditer(schema)
    return schema[: found.start()] + text + schema[found.end() :]


def _property(slot: Slot) -> str:
    names = [*built_in_factories()[slot.kind]]
    words = f"{slot.kind.capitalize()} {'engines' if slot.is_list else 'factories'}"
    several: Sequence[object] = [names[:2]] if len(names) > 1 else []
    examples = json.dumps([*names, *several])
    return _PROPERTY.format(key=slot.key, kind=slot.kind, words=words, examples=examples)


def _definition(slot: Slot) -> str:
    examples = json.dumps([*built_in_factories()[slot.kind]])
    return _DEFINITION.format(kind=slot.kind, examples=examples)


if __name__ == "__main__":
    path = resource("schemas/trainer.schema.json")
    sys.stdout.write(render_slots(path.read_text(encoding="utf-8")))
