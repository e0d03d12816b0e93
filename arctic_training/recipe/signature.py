"""The parameters of a function as a JSON Schema, read from its annotations."""

from __future__ import annotations

import ast
from typing import Final, TypeAlias

from arctic_training.document import JSON
from arctic_training.document.numbers import NUMBER_PATTERN

__all__ = ["AnyFunction", "signature_schema"]

AnyFunction: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def signature_schema(function: AnyFunction) -> dict[str, JSON]:
    """Return what the arguments of a function keep to that is called with names alone."""
    listed = function.args
    positional = [*listed.posonlyargs, *listed.args]
    first = len(positional) - len(listed.defaults)
    required = [each.arg for each in positional[:first]]
    required += [
        each.arg
        for each, default in zip(listed.kwonlyargs, listed.kw_defaults, strict=True)
        if default is None
    ]
    return {
        "type": "object",
        "properties": {
            each.arg: _rule(each.annotation) for each in (*positional, *listed.kwonlyargs)
        },
        "required": [*required],
        "additionalProperties": listed.kwarg is not None,
    }


_SCALARS: Final[dict[str, dict[str, JSON]]] = {
    "bool": {"type": "boolean"},
    "int": {"type": ["integer", "string"], "pattern": NUMBER_PATTERN},
    "float": {"type": ["number", "string"], "pattern": NUMBER_PATTERN},
    "str": {"type": "string"},
    "Path": {"type": "string", "format": "path"},
    "pathlib.Path": {"type": "string", "format": "path"},
}


def _rule(annotation: ast.expr | None) -> dict[str, JSON]:
    """Return what an annotation lets through; of one that is not understood, everything."""
    match annotation:
        case ast.Constant(value=str(text)):
            return _rule(_parsed(text))
        case ast.Name() | ast.Attribute():
            return _SCALARS.get(ast.unparse(annotation), {})
        case ast.BinOp(left=inner, op=ast.BitOr(), right=ast.Constant(value=None)):
            return {"anyOf": [_rule(inner), {"type": "null"}]}
        case ast.Subscript(value=ast.Name(id="list" | "Sequence"), slice=item):
            return {"type": "array", "items": _rule(item)}
        case ast.Subscript(value=ast.Name(id="dict" | "Mapping"), slice=ast.Tuple(elts=[_, item])):
            return {"type": "object", "additionalProperties": _rule(item)}
        case ast.Subscript(value=ast.Name(id="Literal"), slice=options):
            return _one_of(options)
        case _:
            return {}


def _parsed(annotation: str) -> ast.expr | None:
    """Return an annotation that is written as a string; None if it is not an expression."""
    try:
        return ast.parse(annotation, mode="eval").body
    except (SyntaxError, ValueError):
        return None


def _one_of(options: ast.expr) -> dict[str, JSON]:
    """Return the rule of a `Literal`; members of an enumeration, and bytes, are not understood."""
    listed = options.elts if isinstance(options, ast.Tuple) else [options]
    try:
        values = [ast.literal_eval(option) for option in listed]
    except ValueError:
        return {}
    return {"enum": values} if bytes not in map(type, values) else {}
