"""What the variables of a function get, as far as its text says so."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import reduce

from arctic_training.lint.modules import FunctionDefinition

__all__ = ["assigned", "values"]


def assigned(function: FunctionDefinition, name: str) -> ast.expr | None:
    """Return the value that a variable gets, if it gets one only, and what is added to it."""
    nodes = [*ast.walk(function.node)]
    stored = sum(_stores(node, name) for node in nodes)
    found = [value for node in nodes for value in values(node, name)]
    changes = [n for n in nodes if isinstance(n, ast.AugAssign) and _stores(n.target, name)]
    if len(found) != 1 or stored != len(found) + len(changes):
        return None
    changes.sort(key=lambda change: change.lineno)
    return reduce(_changed, changes, found[0])


def values(node: ast.AST, name: str) -> Iterator[ast.expr]:
    """Iterate over the values that a statement gives to a variable."""
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from (value for target in targets if _stores(target, name))
        case ast.AnnAssign(target=target, value=ast.expr() as value) if _stores(target, name):
            yield value
        case _:
            pass


def _changed(value: ast.expr, change: ast.AugAssign) -> ast.expr:
    return ast.copy_location(ast.BinOp(value, change.op, change.value), change)


def _stores(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
