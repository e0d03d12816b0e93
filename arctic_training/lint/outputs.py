"""What a loss returns, as far as its text says so."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from arctic_training.lint.modules import FunctionDefinition, Library, Module, dotted
from arctic_training.lint.variables import assigned

__all__ = ["Output", "argument", "outputs"]

_OUTPUT: Final = "LossOutput"
_TERM: Final = "Term"
_MOST_CALLS: Final = 8
"""How deep one function may return what another returns."""


@dataclass(frozen=True, slots=True)
class Output:
    """A call that makes what a loss returns, and the function that contains it."""

    call: ast.Call
    function: FunctionDefinition

    def argument(self, name: str, place: int) -> ast.expr | None:
        """Return an argument by its name, or else by its place."""
        return argument(self.call, name, place)

    @property
    def terms(self) -> dict[str, ast.expr] | None:
        """The keys of the terms by what they say; None where the text does not say them."""
        given = self.meant(self.argument("terms", 2))
        if given is None:
            return {} if self.argument("terms", 2) is None else None
        return _keys(self.meant(_gone_through(given)))

    @property
    def written_terms(self) -> list[tuple[str, ast.Call]]:
        """The terms that are written out, each with the call that makes it."""
        given = self.meant(self.argument("terms", 2))
        pairs = zip(given.keys, given.values, strict=True) if isinstance(given, ast.Dict) else ()
        return [
            (key.value, made)
            for key, value in pairs
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
            if isinstance(made := self.meant(value), ast.Call)
            and dotted(made.func)[-1:] == (_TERM,)
        ]

    def meant(self, node: ast.expr | None) -> ast.expr | None:
        """Return the one value of a variable; what is none is itself."""
        if isinstance(node, ast.Name):
            return assigned(self.function, node.id)
        return node


def argument(call: ast.Call, name: str, place: int) -> ast.expr | None:
    """Return an argument of a call by its name, or else by its place."""
    named = (each.value for each in call.keywords if each.arg == name)
    return next(named, call.args[place] if place < len(call.args) else None)


def outputs(loss: FunctionDefinition, library: Library) -> list[Output]:
    """Return all that a loss may return; none where its text does not say."""
    made = list(_returned(library, loss, _MOST_CALLS))
    return [] if None in made else [each for each in made if each]


def _returned(
    library: Library, function: FunctionDefinition, steps: int
) -> Iterator[Output | None]:
    returns = [node.value for node in _own(function.node) if isinstance(node, ast.Return)]
    if not returns or not steps:
        yield None
    for value in returns:
        node = assigned(function, value.id) if isinstance(value, ast.Name) else value
        if not isinstance(node, ast.Call):
            yield None
        elif dotted(node.func)[-1:] == (_OUTPUT,):
            yield Output(node, function)
        elif isinstance(inner := _meant(library, function.module, node), FunctionDefinition):
            yield from _returned(library, inner, steps - 1)
        else:
            yield None


def _meant(library: Library, module: Module, call: ast.Call) -> object:
    return library.meant(module, dotted(call.func))


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Iterate over what is inside a function, and not inside one within it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _own(child)


def _gone_through(node: ast.expr) -> ast.expr:
    """Return the mapping whose keys a comprehension keeps; anything else is itself."""
    match node:
        case ast.DictComp(
            key=ast.Name(id=key),
            generators=[
                ast.comprehension(
                    target=ast.Tuple(elts=[ast.Name(id=first), _]),
                    iter=ast.Call(func=ast.Attribute(value=over, attr="items")),
                    ifs=[],
                )
            ],
        ) if key == first:
            return over
        case _:
            return node


def _keys(node: ast.expr | None) -> dict[str, ast.expr] | None:
    """Return the keys of a mapping that is written out."""
    if not isinstance(node, ast.Dict):
        return None
    found: dict[str, ast.expr] = {}
    for key in node.keys:
        match key:
            case ast.Constant(value=str(text)):
                found[text] = key
            case _:
                return None
    return found
