"""What is wrong with the config fields of a definition that its schema cannot say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final, cast

from jsonschema_rs import Draft7Validator, RegexOptions

from arctic_training.codegen.fields import (
    LISTED,
    NUMERIC,
    TEXTUAL,
    FieldReader,
    keywords,
    nested_kind,
    tag_of,
)
from arctic_training.codegen.former_names import former_name_problems
from arctic_training.codegen.json_types import json_schema
from arctic_training.codegen.link import shared_fields, target
from arctic_training.codegen.names import reserved_reason
from arctic_training.codegen.own_factories import own_factories
from arctic_training.diagnostics import Diagnostic, Span
from arctic_training.document import (
    JSON,
    MapNode,
    Node,
    Pointer,
    ScalarNode,
    Schema,
    check,
    find,
    key_span,
    plain,
    value_span,
)
from arctic_training.document.schema import Subschema

__all__ = ["field_problems"]

_ITEMS: Final = ("items", "additionalItems", "uniqueItems")
_MEANINGFUL: Final[dict[str, tuple[str, ...]]] = {
    "integer": NUMERIC,
    "number": NUMERIC[:-1],
    "string": (*TEXTUAL, "format"),
    "array": (*LISTED, *_ITEMS),
    "object": ("properties", "additionalProperties"),
}
_ANYWHERE: Final = {"type", "description"}
_OF_SHARED: Final = {"default"}
_OF_FIELD: Final = {"default", "renamed_from", "deprecated"}
"""Keywords of what has a name: of a shared schema, and of a field."""

_WHOLE: Final = ("$ref", "anyOf", "oneOf")
"""Keywords that say all that a value is."""

_INNER: Final = ("items", "additionalProperties", "anyOf", "oneOf")
"""Keywords under which there are other schemas."""


def field_problems(document: Node) -> Iterator[Diagnostic]:
    """Find what the schema of definitions cannot say about the fields of a linked one."""
    places = shared_fields(document)
    shared = [p for place in places for p in _problems(document, place, named=_OF_SHARED)]
    yield from shared
    properties = ("config_type", "properties")
    yield from _fields(document, properties, in_recipe=True, is_shared_right=not shared)
    for _, factory in own_factories(document):
        yield from _fields(document, (*factory, *properties), is_shared_right=not shared)


def _fields(
    document: Node, pointer: Pointer, *, in_recipe: bool = False, is_shared_right: bool = True
) -> Iterator[Diagnostic]:
    properties = find(document, pointer)
    if not isinstance(properties, MapNode):
        return
    yield from former_name_problems(properties, in_recipe=in_recipe)
    for name, entry in properties.entries.items():
        if reason := reserved_reason(name, in_recipe=in_recipe):
            message = f"a field cannot be called `{name}`: {reason}"
            yield Diagnostic(code="reserved-name", message=message, span=entry.key)
        if not nested_kind(entry.value):
            place = (*pointer, name)
            yield from _problems(document, place, is_shared_right=is_shared_right, named=_OF_FIELD)


def _problems(
    document: Node,
    pointer: Pointer,
    *,
    is_shared_right: bool = True,
    named: AbstractSet[str] = frozenset(),
) -> Iterator[Diagnostic]:
    """Find what is wrong with one schema, and with those inside it.

    ``named`` are the keywords that it has because it has a name.
    """
    schema = keywords(document, pointer)
    if schema.get("type") == "null":
        return
    found = [
        *_meaningless(document, pointer, schema, named),
        *_unfinished(document, pointer, schema),
        *_bad_pattern(document, pointer, schema),
        *_ill_typed(document, pointer, schema),
    ]
    for place in _inner(schema, pointer):
        found += _problems(document, place, is_shared_right=is_shared_right)
    below = (*pointer, "properties")
    found += _fields(document, below, is_shared_right=is_shared_right)
    found = found or [*_bad_union(document, pointer, schema)]
    yield from found
    if not found and "default" in schema and is_shared_right:
        yield from _bad_default(document, pointer)


def _inner(schema: dict[str, JSON], pointer: Pointer) -> Iterator[Pointer]:
    for keyword in _INNER:
        match schema.get(keyword):
            case list(parts):
                yield from ((*pointer, keyword, index) for index in range(len(parts)))
            case dict():
                yield (*pointer, keyword)
            case _:
                pass


def _kind(schema: dict[str, JSON]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        return next((str(k) for k in kind if k != "null"), "null")
    return str(kind) if kind else ""


def _meaningless(
    document: Node, pointer: Pointer, schema: dict[str, JSON], named: AbstractSet[str]
) -> Iterator[Diagnostic]:
    """Find keywords that say nothing about the type that they stand beside."""
    allowed, what = _allowed(schema)
    for keyword in schema:
        if keyword not in allowed | named:
            where = "here: only a field has one" if keyword in _OF_FIELD else f"beside {what}"
            yield Diagnostic(
                code="not-allowed",
                message=f"`{keyword}` says nothing {where}",
                span=key_span(document, (*pointer, keyword)),
            )


def _allowed(schema: dict[str, JSON]) -> tuple[set[str], str]:
    """Return the keywords that mean something in a schema, and what it is by which they do."""
    for keyword in _WHOLE:
        if keyword in schema:
            return {keyword, "description"}, f"`{keyword}`"
    if fixed := {"enum", "const"} & schema.keys():
        return _ANYWHERE | fixed, " and ".join(f"`{keyword}`" for keyword in sorted(fixed))
    if "format" in schema and _kind(schema) == "string":
        return _ANYWHERE | {"format"}, "`format`"
    kind = _kind(schema)
    return _ANYWHERE | set(_MEANINGFUL.get(kind, ())), f"the type `{kind}`"


def _unfinished(document: Node, pointer: Pointer, schema: dict[str, JSON]) -> Iterator[Diagnostic]:
    """Find lists without a type of their items, and objects without fields."""
    kind, span = _kind(schema), value_span(document, (*pointer, "type"))
    if {"enum", "const", *_WHOLE} & schema.keys():
        return
    if kind == "array":
        yield from _bad_list(document, pointer, schema)
    extra = schema.get("additionalProperties", False)
    if kind == "object" and ("properties" in schema) == (extra is not False):
        message = "an object has either `properties` or `additionalProperties`"
        yield Diagnostic(code="missing-key", message=message, span=span)


def _bad_list(document: Node, pointer: Pointer, schema: dict[str, JSON]) -> Iterator[Diagnostic]:
    span = value_span(document, (*pointer, "type"))
    match schema.get("items"):
        case None:
            yield Diagnostic(code="missing-key", message="`items` is missing", span=span)
        case list(items):
            yield from _bad_tuple(document, pointer, schema, len(items))
        case _ if "additionalItems" in schema:
            yield _says_nothing(document, (*pointer, "additionalItems"), "one schema of all items")
        case _ if schema.get("uniqueItems") and not _is_scalar(document, (*pointer, "items")):
            yield Diagnostic(
                code="not-supported",
                message="`uniqueItems` is for numbers, texts and truth values",
                span=key_span(document, (*pointer, "uniqueItems")),
            )
        case _:
            pass


def _bad_tuple(
    document: Node, pointer: Pointer, schema: dict[str, JSON], count: int
) -> Iterator[Diagnostic]:
    if "additionalItems" not in schema:
        yield Diagnostic(
            code="missing-key",
            message="`additionalItems: false` is missing: a tuple has one item for each schema",
            span=key_span(document, (*pointer, "items")),
        )
    for keyword in (*LISTED, "uniqueItems"):
        if schema.get(keyword, count) != count and schema.get(keyword) is not False:
            yield _says_nothing(document, (*pointer, keyword), f"a tuple of {count}")


def _says_nothing(document: Node, pointer: Pointer, beside: str) -> Diagnostic:
    message = f"`{pointer[-1]}` says nothing beside {beside}"
    return Diagnostic(code="not-allowed", message=message, span=key_span(document, pointer))


def _is_scalar(document: Node, pointer: Pointer) -> bool:
    """Return whether all that a schema takes is one number, text or truth value."""
    schema = keywords(document, _end(document, pointer))
    if {"enum", "const"} & schema.keys():
        return True
    scalar = _kind(schema) in {"boolean", "integer", "number", "string"}
    return scalar and schema.get("format") != "path"


def _bad_union(document: Node, pointer: Pointer, schema: dict[str, JSON]) -> Iterator[Diagnostic]:
    """Find alternatives between which a value cannot choose."""
    if "oneOf" in schema:
        yield from _bad_tags(document, (*pointer, "oneOf"), cast("list[JSON]", schema["oneOf"]))
    if "anyOf" not in schema:
        return
    places = [(*pointer, "anyOf", n) for n in range(len(cast("list[JSON]", schema["anyOf"])))]
    seen: set[str] = set()
    for place in places:
        kind = _container(document, place)
        if kind in seen or kind == "anyOf":
            once = "alternatives of alternatives" if kind == "anyOf" else f"a second {kind}"
            yield Diagnostic(
                code="not-supported",
                message=f"`anyOf` does not take {once}",
                span=value_span(document, place),
                hint="objects that a `const` tells apart stand in a `oneOf`",
            )
        seen |= {kind} - {""}
    texts = [place for place in places if _is_text(document, place)]
    if len(texts) > 1 and any(_is_path(document, place) for place in texts):
        message = "`anyOf` does not take a path beside another text: which is it?"
        span = value_span(document, texts[-1])
        yield Diagnostic(code="not-supported", message=message, span=span)


def _is_text(document: Node, pointer: Pointer) -> bool:
    schema = keywords(document, _end(document, pointer))
    options = [schema.get("const"), *cast("list[JSON]", schema.get("enum", []))]
    return _kind(schema) == "string" or any(isinstance(option, str) for option in options)


def _is_path(document: Node, pointer: Pointer) -> bool:
    return keywords(document, _end(document, pointer)).get("format") == "path"


def _container(document: Node, pointer: Pointer) -> str:
    """Return whether a value is a list or a mapping, and of which there is one in a union."""
    schema = keywords(document, _end(document, pointer))
    if "anyOf" in schema:
        return "anyOf"
    kind = "object" if "oneOf" in schema else _kind(schema)
    return {"array": "list", "object": "mapping"}.get(kind, "null" if kind == "null" else "")


_TAG: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*([_-][A-Za-z0-9]+)*")


def _bad_tags(document: Node, pointer: Pointer, members: list[JSON]) -> Iterator[Diagnostic]:
    """Find objects that no constant tells apart, or constants that name no class."""
    places = [(*pointer, index) for index in range(len(members))]
    objects = [find(document, (*_end(document, place), "properties")) for place in places]
    if not all(isinstance(node, MapNode) for node in objects):
        wrong = places[next(n for n, node in enumerate(objects) if not isinstance(node, MapNode))]
        yield _untold(value_span(document, wrong), "`oneOf` takes objects with `properties`")
    elif not (tag := tag_of(document, pointer)):
        span = key_span(document, pointer)
        yield _untold(span, "no field tells these objects apart")
    else:
        for place in places:
            at = (*_end(document, place), "properties", tag, "const")
            constant = find(document, at)
            if constant and not _TAG.fullmatch(str(plain(constant))):
                message = "the constant that tells objects apart is a word: it names a class"
                yield Diagnostic(code="reserved-name", message=message, span=constant.span)


def _end(document: Node, pointer: Pointer) -> Pointer:
    while reference := find(document, (*pointer, "$ref")):
        pointer = target(reference)
    return pointer


def _untold(span: Span, message: str) -> Diagnostic:
    hint = "give each a field of the same name with a `const` of its own, such as `type`"
    return Diagnostic(code="not-allowed", message=message, span=span, hint=hint)


def _bad_pattern(document: Node, pointer: Pointer, schema: dict[str, JSON]) -> Iterator[Diagnostic]:
    """Find regular expressions that the models of the recipe cannot run."""
    if "pattern" not in schema:
        return
    try:
        Draft7Validator({"pattern": schema["pattern"]}, pattern_options=RegexOptions())
    except ValueError as error:
        yield Diagnostic(
            code="not-supported",
            message=f"`{schema['pattern']}` is not a regular expression that is supported here",
            span=value_span(document, (*pointer, "pattern")),
            hint=f"{str(error).splitlines()[0]}; look-around and back-references are not supported",
        )


def _ill_typed(document: Node, pointer: Pointer, schema: dict[str, JSON]) -> Iterator[Diagnostic]:
    """Find values to choose that are not of the type, and limits that it cannot have."""
    field = find(document, pointer)
    assert field is not None
    if schema.get("enum") == [None]:
        message = "there is no value to choose beside null"
        span = value_span(document, (*pointer, "enum"))
        yield Diagnostic(code="not-allowed", message=message, span=span)
    of_type: JSON = {"type": schema["type"]} if "type" in schema else {}
    rules: dict[str, JSON] = {"const": of_type, "enum": {"items": of_type}}
    if _kind(schema) == "integer":
        rules |= {keyword: {"type": "integer"} for keyword in NUMERIC}
    yield from check(field, Schema({"properties": rules}))


def _bad_default(document: Node, pointer: Pointer) -> Iterator[Diagnostic]:
    """Hold a default against its own schema, which neither mypy nor an import does."""
    default = find(document, (*pointer, "default"))
    assert default is not None
    kind = FieldReader(document, "").type(pointer)
    schema = Schema(cast("dict[str, JSON]", json_schema(kind)))
    yield from check(default, schema)
    yield from _paths(default, schema)


def _paths(default: Node, schema: Schema) -> list[Diagnostic]:
    found: list[Diagnostic] = []

    def looked_at(node: ScalarNode, applying: list[Subschema]) -> ScalarNode:
        if isinstance(node.value, str) and any(rule.get("format") == "path" for rule in applying):
            message = "a path cannot have a default but null: it would start nowhere"
            found.append(Diagnostic(code="not-supported", message=message, span=node.span))
        return node

    schema.rewrite(default, looked_at)
    return found
