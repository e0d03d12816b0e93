"""Where a definition sets what a recipe of its trainer may leave out."""

from __future__ import annotations

from arctic_training.definition.definition import Definition, SlotSpec
from arctic_training.definition.fields.types import FieldSpec
from arctic_training.definition.name_clashes import nested_objects
from arctic_training.diagnostics import Span
from arctic_training.document import Node, Pointer, find, plain

__all__ = ["default_place"]


def default_place(spec: Definition, recipe: Node, way: Pointer) -> Span | None:
    """Return where a definition says what holds for a key; None of what is built in.

    ``way`` leads to the key, which the ``recipe`` leaves out.
    """
    name, *rest = (step for step in way if isinstance(step, str))
    for slot in spec.sections:
        if slot.slot.section == name:
            return _of_section(slot, _chosen(recipe, way), tuple(rest))
    return _of_fields(spec.fields, (name, *rest))


def _of_section(slot: SlotSpec, chosen: str, way: Pointer) -> Span | None:
    """Return the place of the first factory, or of a field of a factory of the user's."""
    if way == ("type",):
        return slot.spans[0]
    used = next((each for each in slot.factories if each.name == chosen), slot.factories[0])
    return _of_fields(used.own.fields, way) if used.own else None


def _chosen(recipe: Node, way: Pointer) -> str:
    """Return the type that a recipe names in the section of a key, or an empty string."""
    is_item = len(way) > 1 and isinstance(way[1], int)
    section = way[:2] if is_item else way[:1]
    kind = find(recipe, (*section, "type"))
    return str(plain(kind)) if kind else ""


def _of_fields(fields: tuple[FieldSpec, ...], way: Pointer) -> Span | None:
    """Return the place of the default of a field, or of one inside it: the outermost wins."""
    for field in fields:
        if field.name == way[0]:
            default = field.written_default
            if default and (found := find(default, way[1:])):
                return found.span
            inner = (_of_fields(kind.fields, way[1:]) for kind in nested_objects(field.type))
            return next((span for span in inner if span), None) if way[1:] else None
    return None
