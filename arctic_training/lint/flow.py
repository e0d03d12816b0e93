"""Where the trainer and its config go through the statements of a function."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from arctic_training.lint.modules import Function
from arctic_training.lint.values import Expressions
from arctic_training.lint.world import NOTHING, Values

__all__ = ["Flow"]


@dataclass
class Flow(Expressions):
    """Follows values through the statements of one function."""

    _inside: Function | None = None

    def through(self, function: Function) -> Values:
        """Follow the body of a function until nothing is new; return what it returns."""
        before = -1
        while before != (before := self._known()):
            self._run(function.body)
        return self.returned.get(None, NOTHING)

    def in_class(self, statement: ast.stmt) -> None:
        """Follow a statement in the body of a trainer's class: its `callbacks` get the trainer."""
        for node in ast.walk(statement):
            if isinstance(node, ast.Name | ast.Attribute | ast.Lambda):
                self.call_back(node)

    def _known(self) -> int:
        return sum(map(len, (*self.names.values(), *self.returned.values())))

    def _run(self, nodes: Sequence[ast.AST]) -> None:
        for node in nodes:
            self._statement(node)

    def _statement(self, node: ast.AST) -> None:
        targets, value = _assigned(node)
        for target in targets:
            self._assign(target, value)
        match node:
            case ast.For() | ast.AsyncFor():
                self._run([*node.body, *node.orelse])
            case ast.Return(value=given):
                held = self.returned.get(self._inside, NOTHING)
                self.returned[self._inside] = held | self.value(given)
            case ast.Match(subject=subject, cases=cases):
                held = self.value(subject)
                for case in cases:
                    self._pattern(case.pattern, held)
                    self._run([*filter(None, [case.guard]), *case.body])
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._nested(node)
            case ast.expr():
                self.value(node)
            case _:
                self._run([] if targets else [*ast.iter_child_nodes(node)])

    def _assign(self, target: ast.expr, value: ast.expr | None) -> None:
        """Assign part by part where both tuples are written out, so that each part stays itself."""
        match target, value:
            case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(
                values
            ) and not any(isinstance(part, ast.Starred) for part in (*targets, *values)):
                for each, part in zip(targets, values, strict=True):
                    self._assign(each, part)
            case _:
                self.bind(target, self.value(value))

    def _nested(self, function: Function) -> None:
        """Follow a function inside this one, which shares its names."""
        self.inner[function.name] = function
        outside, self._inside = self._inside, function
        self._run(function.body)
        self._inside = outside

    def _pattern(self, pattern: ast.pattern, held: Values) -> None:
        match pattern:
            case ast.MatchClass(kwd_attrs=names, kwd_patterns=patterns):
                for name, part in zip(names, patterns, strict=True):
                    self._pattern(part, self.attribute(held, name))
            case ast.MatchAs(pattern=part, name=name):
                if part:
                    self._pattern(part, held)
                if name:
                    self.bind(ast.Name(name), held)
            case _:
                for inner in ast.iter_child_nodes(pattern):
                    if isinstance(inner, ast.pattern):
                        self._pattern(inner, held)


def _assigned(node: ast.AST) -> tuple[Sequence[ast.expr], ast.expr | None]:
    """Return to what a statement assigns, and what; nothing where it assigns nothing."""
    match node:
        case ast.Assign(targets=targets, value=value):
            return targets, value
        case ast.AnnAssign(target=target, value=given):
            return [target], given
        case ast.AugAssign(target=target, value=value):
            return [target], value
        case ast.For(target=target, iter=each) | ast.AsyncFor(target=target, iter=each):
            return [target], each
        case ast.withitem(context_expr=context, optional_vars=ast.expr() as target):
            return [target], context
        case _:
            return [], None
