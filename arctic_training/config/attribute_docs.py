"""Attribute docstrings of a model's fields, read from its source."""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise

from pydantic import BaseModel

__all__ = ["attribute_docs"]


def attribute_docs(model: type[BaseModel]) -> dict[str, str]:
    """Return the docstring of each field of a model and of its bases, by the field's name.

    Pydantic would read the source of every model when it is imported; schemas alone need it.
    Where there is no source, as in a notebook, the result is empty.
    """
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel:
            found |= _own_docs(base)
    return found


@cache
def _own_docs(model: type) -> dict[str, str]:
    try:
        source = inspect.getsource(model)
    except OSError:
        return {}
    (definition,) = ast.parse(textwrap.dedent(source)).body
    assert isinstance(definition, ast.ClassDef)
    docs: dict[str, str] = {}
    for field, text in pairwise([*definition.body, ast.Pass()]):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(doc))),
            ):
                docs[name] = inspect.cleandoc(doc)
            case ast.AnnAssign(target=ast.Name(id=name)), _:
                docs[name] = ""
            case _:
                pass
    return docs
