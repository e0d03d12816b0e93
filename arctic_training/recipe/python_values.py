"""A recipe of Python values, as a document: what no document holds is found with its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from numbers import Integral, Real
from os import PathLike, fspath
from typing import Final, cast

from arctic_training.diagnostics import Diagnostic, Source
from arctic_training.document import Node, Pointer, parse, present, value_span

__all__ = ["document_of"]

_MOST_DEPTH: Final = 48
_SCALARS: Final = (str, int, float, bool, type(None))


def document_of(values: Mapping[str, object]) -> tuple[Node | None, list[Diagnostic]]:
    """Return the tree of a recipe of Python values, or all that no recipe can hold.

    Paths, numbers of NumPy, dtypes of PyTorch and sections are written as a recipe writes them.
    """
    refused: list[tuple[Pointer, str]] = []
    text = json.dumps(_written(values, (), refused))
    document, problems = parse(Source("recipe", text))
    if document is not None:
        problems += _problems(document, refused)
    return document, problems


def _problems(document: Node, refused: list[tuple[Pointer, str]]) -> Iterator[Diagnostic]:
    for pointer, message in refused:
        place = ".".join(map(str, pointer))
        span = value_span(document, present(document, pointer))
        text = f"`{place}`: {message}" if place else message
        yield Diagnostic(code="wrong-type", message=text, span=span)


def _written(value: object, pointer: Pointer, refused: list[tuple[Pointer, str]]) -> object:
    """Return a value as JSON; a value that JSON does not have becomes null."""
    known = _plain(value)
    if len(pointer) > _MOST_DEPTH:
        refused.append((pointer[:1], f"more than {_MOST_DEPTH} levels of nesting"))
    elif isinstance(known, Mapping):
        return _written_mapping(known, pointer, refused)
    elif isinstance(known, list | tuple):
        return [_written(each, (*pointer, n), refused) for n, each in enumerate(known)]
    elif isinstance(known, _SCALARS):
        return known
    else:
        message = f"a recipe holds no value of the type `{type(value).__name__}`"
        refused.append((pointer, message))
    return None


def _written_mapping(
    values: Mapping[object, object], pointer: Pointer, refused: list[tuple[Pointer, str]]
) -> dict[str, object]:
    written: dict[str, object] = {}
    for key, value in values.items():
        if isinstance(key, _SCALARS):
            name = key if isinstance(key, str) else json.dumps(key)
            written[name] = _written(value, (*pointer, name), refused)
        else:
            message = f"a recipe has no key of the type `{type(key).__name__}`"
            refused.append((pointer, message))
    return written


def _plain(value: object) -> object:
    """Return a value of a library as Python has it; others stay. No library is imported."""
    if isinstance(value, _SCALARS):
        return value
    if isinstance(value, PathLike):
        return fspath(value)
    if isinstance(value, Real):
        return int(value) if isinstance(value, Integral) else float(value)
    match type(value).__module__.partition(".")[0], type(value).__name__:
        case "torch", "dtype":
            return str(value)
        case "numpy", "bool" | "bool_":
            return bool(value)
        case _:
            pass
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        return cast("Callable[..., object]", dump)(mode="json")
    return value
