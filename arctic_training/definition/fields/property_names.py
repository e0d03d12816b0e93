"""Check the names of the fields of a class, former names too: each has to mean one field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from arctic_training.definition.fields.keywords import entries_of, items_of
from arctic_training.definition.names import RECIPE, recipe_keys, reserved_reason
from arctic_training.diagnostics import Diagnostic, Related, Span
from arctic_training.document import Entry, ScalarNode, find, key_span

__all__ = ["property_name_problems"]


def property_name_problems(entries: Mapping[str, Entry], extends: str) -> Iterator[Diagnostic]:
    """Find names that generated code cannot give to a field, and former names of two meanings.

    ``extends`` is the built-in class that the class with the fields extends, if any.
    """
    for name, entry in entries.items():
        if reason := reserved_reason(name, config_class=extends):
            message = f"`{name}` is a reserved field name: {reason}"
            yield Diagnostic(code="reserved-name", message=message, span=entry.key)
    yield from _former_names(entries, in_recipe=extends == RECIPE)


def _former_names(entries: Mapping[str, Entry], *, in_recipe: bool) -> Iterator[Diagnostic]:
    """Find former names of fields that another field has, or cannot have had.

    ``in_recipe`` says whether the fields are beside the sections that every recipe has.
    """
    taken = {name: entry.key for name, entry in entries.items()}
    for name, entry in entries.items():
        keywords = entries_of(entry.value)
        former = find(entry.value, ("renamed_from",))
        if former is not None and "const" in keywords:
            yield _constant(key_span(entry.value, ("renamed_from",)))
        for item in items_of(former):
            old = item.value if isinstance(item, ScalarNode) else None
            if not isinstance(old, str):
                continue
            if old in taken:
                yield _taken(old, name, item.span, taken[old])
            elif in_recipe and old in recipe_keys():
                message = f"`{old}` is a reserved field name: every recipe has a key of this name"
                yield Diagnostic(code="reserved-name", message=message, span=item.span)
            taken.setdefault(old, item.span)


def _taken(old: str, name: str, span: Span, other: Span) -> Diagnostic:
    return Diagnostic(
        code="name-taken",
        message=f"`{old}` cannot be a former name of `{name}`: it means another field",
        span=span,
        related=(Related("taken here", other),),
    )


def _constant(span: Span) -> Diagnostic:
    return Diagnostic(
        code="not-supported",
        message="a constant cannot be renamed: it may tell objects apart",
        span=span,
        help="add a field of the new name, and deprecate this one",
    )
