"""What the expressions of a function denote: the trainer, objects of its config, or neither.

A value is followed through names, calls and comprehensions, in whatever order, so that all that
may be read counts as read. A list or a mapping stands for what it holds.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from arctic_training.lint.modules import Function, FunctionDefinition, Module, dotted
from arctic_training.lint.world import (
    MAYBE,
    NOTHING,
    PART,
    TRAINER,
    Values,
    World,
    given_from_outside,
    parameters,
)

__all__ = ["Expressions"]


_PASSING: Final = frozenset(
    "dict enumerate filter iter list max min next reversed set sorted tuple zip".split()
)
"""Builtins that give back what they were given."""

_BLIND: Final = frozenset("bool callable id isinstance issubclass len type".split())
"""Builtins that look at no field."""

_CONTAINED: Final = frozenset("copy get items keys pop setdefault values".split())
"""Methods of lists and mappings that give back what these hold."""


@dataclass
class Expressions:
    """Evaluates the expressions of one function. ``names`` are its variables and parameters."""

    world: World
    module: Module
    names: dict[str, Values]
    inner: dict[str, Function] = field(default_factory=dict)
    returned: dict[Function | None, Values] = field(default_factory=dict)
    """What is returned by the functions inside it, and under None by itself."""

    def value(self, node: ast.expr | None) -> Values:
        """Return what an expression denotes, and take note of what it reads."""
        match node:
            case ast.Name(id=name):
                return self.names[name] if name in self.names else self._mentioned(node)
            case ast.Attribute(value=inner, attr=name):
                held = self.value(inner)
                return self.attribute(held, name) if held else self._mentioned(node)
            case ast.Call():
                return self._called(node)
            case ast.NamedExpr(target=target, value=given):
                self.bind(target, self.value(given))
                return self.value(target)
            case None:
                return NOTHING
            case _:
                return self._composed(node)

    def attribute(self, held: Values, name: str) -> Values:
        """Read an attribute of values; return what it is."""
        found = NOTHING
        for value in held:
            if value == PART:
                found |= {TRAINER} if name == "trainer" else NOTHING
            elif value not in {TRAINER, MAYBE}:
                is_kept = name in _CONTAINED
                found |= self.world.shape.attribute(value, name) | ({value} if is_kept else set())
            elif name == "config":
                found |= {self.world.shape.root}
            elif method := self.world.methods.get(name):
                found |= self._bound(method, value)
        return found

    def bind(self, target: ast.expr, held: Values) -> None:
        """Assign values to the targets on the left; attributes are not tracked."""
        match target:
            case ast.Name(id=name):
                self.names[name] = self.names.get(name, NOTHING) | held
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    self.bind(part, held)
            case ast.Starred(value=inner):
                self.bind(inner, held)
            case ast.Subscript(value=ast.Name() as inner, slice=index):
                self.value(index)
                self.bind(inner, held)
            case _:
                self.value(target)
                self.world.hand_out(held)

    def call_back(self, node: ast.expr) -> None:
        """Give the trainer to a function that an expression names."""
        function = self.world.library.meant(self.module, dotted(node))
        if isinstance(function, FunctionDefinition):
            self.world.call(function, given_from_outside(function, TRAINER))
        elif isinstance(node, ast.Lambda):
            for parameter in node.args.args:
                self.bind(ast.Name(parameter.arg), frozenset({TRAINER}))
            self.value(node.body)

    def _composed(self, node: ast.expr) -> Values:
        """Return what an expression denotes that is made of others."""
        match node:
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self._comprehended(node)
            case ast.IfExp(test=test, body=first, orelse=second):
                self.value(test)
                return self.value(first) | self.value(second)
            case ast.BoolOp(op=ast.And(), values=[*tested, last]):
                self._all(tested)
                return self.value(last)
            case ast.JoinedStr() | ast.FormattedValue() | ast.Yield() | ast.YieldFrom():
                self.world.hand_out(self._all(ast.iter_child_nodes(node)))
                return NOTHING
            case ast.Compare() | ast.UnaryOp() | ast.BinOp() | ast.Lambda():
                self._all(ast.iter_child_nodes(node))
                return NOTHING
            case _:
                return self._all(ast.iter_child_nodes(node))

    def _called(self, node: ast.Call) -> Values:
        match node:
            case ast.Call(
                func=ast.Name(id="getattr"), args=[of, ast.Constant(value=str(name)), *_]
            ):
                return self.attribute(self.value(of), name) | self._all(node.args[2:])
            case ast.Call(func=ast.Name(id=name)) if name in _PASSING | _BLIND:
                given = self._all((*node.args, *node.keywords))
                return given if name in _PASSING else NOTHING
            case ast.Call(func=ast.Name(id=name)) if name in self.inner:
                self._give(node, self.inner[name], self.names)
                return self.returned.get(self.inner[name], NOTHING)
            case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")))):
                self._all((*node.args, *node.keywords))
                return NOTHING
            case ast.Call(func=ast.Attribute(value=of, attr="add_callback")):
                self.value(of)
                for argument in node.args:
                    self.call_back(argument)
                return NOTHING
            case ast.Call(func=ast.Attribute(value=of, attr=name)) if held := self.value(of):
                return self._method(node, held, name)
            case _:
                return self._function(node)

    def _comprehended(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> Values:
        for loop in node.generators:
            self.bind(loop.target, self.value(loop.iter))
            self._all(loop.ifs)
        if isinstance(node, ast.DictComp):
            return self.value(node.key) | self.value(node.value)
        return self.value(node.elt)

    def _function(self, node: ast.Call) -> Values:
        function = self.world.library.meant(self.module, dotted(node.func))
        if not isinstance(function, FunctionDefinition):
            self.value(node.func)
            self.world.hand_out(self._all((*node.args, *node.keywords)))
            return NOTHING
        given: dict[str, Values] = {}
        self._give(node, function.node, given)
        return self.world.call(function, given)

    def _method(self, node: ast.Call, held: Values, name: str) -> Values:
        method = self.world.methods.get(name)
        if method is None or not held & {TRAINER, MAYBE}:
            found = self.attribute(held, name)
            self.world.hand_out(self._all((*node.args, *node.keywords)))
            return found
        given = dict.fromkeys(parameters(method.node)[:1], held)
        self._give(node, method.node, given, skipped=1)
        return self.world.call(method, given)

    def _give(
        self, node: ast.Call, function: Function, names: dict[str, Values], *, skipped: int = 0
    ) -> None:
        """Give the arguments of a call to the parameters of a function, among some names."""
        known = parameters(function)
        places: list[tuple[str, ast.expr]] = [*zip(known[skipped:], node.args, strict=False)]
        places += [(each.arg or "", each.value) for each in node.keywords]
        beyond = node.args[len(known) - skipped :]
        for name, argument in (*places, *(("", argument) for argument in beyond)):
            held = self.value(argument)
            if name in known and not isinstance(argument, ast.Starred):
                names[name] = names.get(name, NOTHING) | held
            else:
                self.world.hand_out(held)

    def _mentioned(self, node: ast.Name | ast.Attribute) -> Values:
        """Follow a function that is named and not called: somebody will call it."""
        function = self.world.library.meant(self.module, dotted(node))
        if isinstance(function, FunctionDefinition):
            self.world.call(function, given_from_outside(function, MAYBE))
        return NOTHING

    def _bound(self, method: FunctionDefinition, owner: str) -> Values:
        """Read a method of the trainer's as an attribute; return the value of a property."""
        returned = self.world.call(method, given_from_outside(method, owner))
        return returned if method.is_property else NOTHING

    def _all(self, nodes: Iterator[ast.AST] | tuple[ast.AST, ...] | list[ast.expr]) -> Values:
        found = NOTHING
        for node in nodes:
            if isinstance(node, ast.expr):
                found |= self.value(node)
            else:
                found |= self._all(ast.iter_child_nodes(node))
        return found
