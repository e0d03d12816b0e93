"""The reference page of a trainer, in Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import assert_never

from arctic_training.codegen.code import Code, printable, with_deprecation
from arctic_training.codegen.recipe_schema import section_description
from arctic_training.codegen.views import PageView, RowView
from arctic_training.definition.definition import Definition
from arctic_training.definition.fields.types import (
    ChoiceType,
    FieldSpec,
    FieldType,
    ListType,
    MapType,
    Missing,
    NullableType,
    ObjectType,
    ScalarType,
    TaggedType,
    TupleType,
    UnionType,
)
from arctic_training.project.locations import NAMESPACE

__all__ = ["page_view"]


def page_view(spec: Definition) -> PageView:
    """Return what the page shows."""
    return PageView(
        source=_text(printable(spec.source)),
        title=_text(f"The {spec.name} trainer"),
        imports=[],
        exports=[],
        name=_text(spec.name),
        description=_text(spec.description),
        fields=[*_rows(spec.fields, ""), *_section_rows(spec)],
        sections=[
            RowView(
                Code(slot.slot.section),
                Code(", ".join(f"`{factory.name}`" for factory in slot.factories)),
                Code(f"`{slot.factories[0].name}`"),
                _cell(with_deprecation(section_description(slot), slot.deprecated)),
            )
            for slot in spec.sections
        ],
        metrics=[
            RowView(_text(name), Code(kind), Code(), Code()) for name, kind in spec.metrics.items()
        ],
        module=Code(f"{NAMESPACE}.{spec.package}"),
        trainer_class=Code(spec.implementation.name if spec.implementation else spec.trainer_class),
        config_class=Code(spec.config_class),
        loss=_text(str(spec.loss or spec.implementation)),
    )


def _section_rows(spec: Definition) -> Iterator[RowView]:
    """Iterate over the keys of the sections of the user's factories, beside those of the base."""
    for slot in spec.slots:
        for factory in slot.factories:
            if factory.own:
                yield from _rows(factory.own.fields, f"{slot.slot.section} ({factory.name}).")


def _rows(fields: tuple[FieldSpec, ...], prefix: str) -> Iterator[RowView]:
    for field in fields:
        name = prefix + field.name
        given = "" if isinstance(field.default, Missing) else f"`{json.dumps(field.default)}`"
        shown = "required" if field.is_required else _cell(given)
        doc = _cell(with_deprecation(field.description, field.deprecated))
        yield RowView(_text(name), _cell(_kind(field.type)), Code(shown), doc)
        match field.type:
            case ObjectType(fields=below):
                yield from _rows(below, f"{name}.")
            case TaggedType(tag=tag, members=tagged):
                for value, member in tagged.items():
                    others = tuple(inner for inner in member.fields if inner.name != tag)
                    yield from _rows(others, f"{name} ({value}).")
            case _:
                pass


def _kind(kind: FieldType) -> str:
    match kind:
        case ScalarType(kind=name, limits=limits):
            return " ".join([name, *(f"{keyword} {value}" for keyword, value in limits)])
        case ChoiceType(options=options):
            return "one of " + ", ".join(f"`{json.dumps(option)}`" for option in options)
        case ListType(item=item):
            return f"list of {_kind(item)}"
        case MapType(value=value):
            return f"map to {_kind(value)}"
        case ObjectType():
            return "section"
        case NullableType(inner=inner):
            return f"{_kind(inner)} or null"
        case TupleType(items=items):
            return f"list of {len(items)}: {', '.join(map(_kind, items))}"
        case UnionType(members=members):
            return " or ".join(map(_kind, members))
        case TaggedType(tag=tag, members=tagged):
            return f"section, by `{tag}`: {', '.join(f'`{value}`' for value in tagged)}"
        case _:
            assert_never(kind)


def _text(text: str) -> Code:
    """Return text that Markdown shows as it is: no tag of HTML begins in it."""
    seen = "\n".join(map(printable, text.split("\n")))
    return Code(seen.replace("&", "&amp;").replace("<", "&lt;"))


def _cell(text: str) -> Code:
    """Return text for a cell of a table."""
    return Code(_text(" ".join(text.split())).replace("|", "\\|"))
