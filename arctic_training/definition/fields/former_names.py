"""What is wrong with the former names of fields: each has to mean one field."""

from __future__ import annotations

from collections.abc import Iterator

from arctic_training.definition.names import recipe_keys
from arctic_training.diagnostics import Diagnostic, Related, Span
from arctic_training.document import ListNode, MapNode, Node, find, key_span, plain

__all__ = ["former_name_problems"]


def former_name_problems(properties: MapNode, *, in_recipe: bool) -> Iterator[Diagnostic]:
    """Find former names of some fields that another field has, or cannot have had.

    ``in_recipe`` says whether the fields stand beside the sections that every recipe has.
    """
    taken = {name: entry.key for name, entry in properties.entries.items()}
    for name, entry in properties.entries.items():
        former = find(entry.value, ("renamed_from",))
        if former is not None and find(entry.value, ("const",)) is not None:
            yield _constant(key_span(entry.value, ("renamed_from",)))
        for item in former.items if isinstance(former, ListNode) else ():
            old = str(plain(item))
            if old in taken:
                yield _taken(old, name, item, taken[old])
            elif in_recipe and old in recipe_keys():
                message = f"`{old}` cannot be a former name: every recipe has a key of this name"
                yield Diagnostic(code="reserved-name", message=message, span=item.span)
            taken.setdefault(old, item.span)


def _taken(old: str, name: str, item: Node, other: Span) -> Diagnostic:
    return Diagnostic(
        code="name-taken",
        message=f"`{old}` cannot mean `{name}`: it has a meaning already",
        span=item.span,
        related=(Related("taken here", other),),
    )


def _constant(span: Span) -> Diagnostic:
    return Diagnostic(
        code="not-supported",
        message="a constant keeps its name: it may tell objects apart",
        span=span,
        hint="add a field of the new name, and deprecate this one",
    )
