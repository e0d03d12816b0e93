"""What the schema of a config field says, keyword by keyword."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, cast

from arctic_training.definition.references import target
from arctic_training.document import JSON, MapNode, Node, Pointer, find, plain

__all__ = [
    "LISTED",
    "NUMERIC",
    "TEXTUAL",
    "alternatives",
    "constants_of",
    "described",
    "followed",
    "keywords",
    "kind_of",
    "names_of",
    "nested_kind",
    "tag_of",
]


NUMERIC: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
TEXTUAL: Final = ("minLength", "maxLength", "pattern")
LISTED: Final = ("minItems", "maxItems")


def described(schema: Mapping[str, JSON], otherwise: str = "") -> str:
    """Return a description as every reader of a docstring gets it: without indentation.

    ``inspect.cleandoc`` knows other spaces in Python 3.13 than in 3.12. What is returned here, it
    leaves alone in both.
    """
    text = str(schema.get("description", otherwise)).expandtabs()
    first, *others = (line.rstrip() for line in text.split("\n"))
    margin = min((len(line) - len(line.lstrip()) for line in others if line), default=0)
    return "\n".join([first, *(line[margin:] for line in others)]).strip()


def names_of(schema: Mapping[str, JSON]) -> tuple[tuple[str, ...], str]:
    """Return the former names of a field or a section, and what to do without it."""
    former = cast("list[str]", schema.get("renamed_from", []))
    return tuple(former), described({"description": schema.get("deprecated", "")})


def keywords(document: Node, pointer: Pointer) -> dict[str, JSON]:
    """Return the schema of a field."""
    node = find(document, pointer)
    assert node is not None, pointer
    return cast("dict[str, JSON]", plain(node))


def kind_of(schema: dict[str, JSON]) -> str:
    """Return the type that a schema names beside null, or nothing."""
    kind = schema.get("type")
    if isinstance(kind, list):
        return next((str(k) for k in kind if k != "null"), "null")
    return str(kind) if kind else ""


def nested_kind(field: Node) -> str:
    """Return the kind of factory that a field is a section of; empty where it is a value."""
    kind = find(field, ("factory",))
    return str(plain(kind)) if kind else ""


def tag_of(document: Node, pointer: Pointer) -> str:
    """Return the field by whose constant the objects of a `oneOf` are told apart, or nothing."""
    constants = [dict(constants_of(document, member)) for member in alternatives(document, pointer)]
    for name in constants[0]:
        values = [each.get(name) for each in constants]
        if None not in values and len(set(values)) == len(values):
            return name
    return ""


def alternatives(document: Node, pointer: Pointer) -> list[Pointer]:
    """Return the places of the alternatives that a list holds; references are followed."""
    count = len(cast("list[JSON]", plain(find(document, pointer) or document)))
    return [followed(document, (*pointer, index)) for index in range(count)]


def followed(document: Node, pointer: Pointer) -> Pointer:
    """Return where a schema really stands: what it refers to, however often."""
    while (reference := find(document, (*pointer, "$ref"))) is not None:
        pointer = target(reference)
    return pointer


def constants_of(document: Node, pointer: Pointer) -> Iterator[tuple[str, str]]:
    """Iterate over the fields of an object that are constant texts, with these."""
    properties = find(document, (*pointer, "properties"))
    for name, entry in properties.entries.items() if isinstance(properties, MapNode) else ():
        constant = find(entry.value, ("const",))
        if constant is not None and isinstance(value := plain(constant), str):
            yield name, value
