"""Stage 4, check: a definition against its schema, and what the schema cannot say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from arctic_training.definition.factories.custom import own_factories, own_factory_problems
from arctic_training.definition.fields.problems import field_problems
from arctic_training.definition.names import REPORTED, keyword_in
from arctic_training.diagnostics import Diagnostic
from arctic_training.document import MapNode, find, plain
from arctic_training.project.locations import package_name
from arctic_training.validation import check as check_document
from arctic_training.validation.shipped_schemas import schema

__all__ = ["check_meaning", "check_shape"]


def check_shape(definition: MapNode) -> list[Diagnostic]:
    """Return everything in which a definition breaks the schema of definitions."""
    return check_document(definition, schema("trainer.schema.json"))


def check_meaning(definition: MapNode) -> list[Diagnostic]:
    """Return everything that is wrong with a linked definition, whose shape is right, by itself."""
    return [
        *_names_of_python(definition),
        *_reported_metrics(definition),
        *own_factory_problems(definition),
        *field_problems(definition),
    ]


def _names_of_python(definition: MapNode) -> Iterator[Diagnostic]:
    """Find names that Python could not import, or would not find inside a class."""
    classes = [(*pointer, "class") for _, pointer in own_factories(definition)]
    for pointer in (("name",), ("loss",), ("implementation",), *classes):
        if (node := find(definition, pointer)) is None:
            continue
        text = str(plain(node))
        names = re.split("[.:]", package_name(text))
        message = ""
        if word := keyword_in(*names):
            message = f"`{text}` cannot be imported: `{word}` is a keyword of Python"
        elif names[-1].startswith("__"):
            message = f"`{names[-1]}` means something else inside a class: it begins with `__`"
        if message:
            yield Diagnostic(code="reserved-name", message=message, span=node.span)


def _reported_metrics(definition: MapNode) -> Iterator[Diagnostic]:
    metrics = find(definition, ("metrics",))
    entries = metrics.entries if isinstance(metrics, MapNode) else {}
    for name in entries.keys() & REPORTED:
        message = f"a metric cannot be called `{name}`: it is reported of every step"
        yield Diagnostic(code="reserved-name", message=message, span=entries[name].key)
