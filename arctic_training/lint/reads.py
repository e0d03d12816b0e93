"""Which fields of a config are read: the trainer is followed through the user's functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from arctic_training.config.slots import ImportPath
from arctic_training.definition.definition import Definition
from arctic_training.lint.flow import Flow
from arctic_training.lint.modules import Class, Function, FunctionDefinition, Library, dotted
from arctic_training.lint.shape import Shape
from arctic_training.lint.world import (
    MAYBE,
    NOTHING,
    PART,
    TRAINER,
    Values,
    given_from_outside,
)
from arctic_training.project.locations import NAMESPACE

__all__ = ["Reader"]

_Call: TypeAlias = tuple[Function, frozenset[tuple[str, Values]]]
_READS_NOTHING: Final = frozenset({"arctic_training", NAMESPACE, "abc", "typing"})
"""Where bases come from that read none of a definition's own fields."""


@dataclass
class Reader:
    """Follows the config of one trainer; ``shape`` records what is read."""

    spec: Definition
    library: Library
    shape: Shape
    methods: dict[str, FunctionDefinition] = field(default_factory=dict)
    visited: dict[Function, FunctionDefinition] = field(default_factory=dict)
    """The functions that the trainer reaches."""

    _results: dict[_Call, Values] = field(default_factory=dict)
    _begun: set[_Call] = field(default_factory=set)

    def follow(self) -> None:
        """Follow the trainer from all that is written by hand until nothing is new."""
        before = -1
        while before != (before := len(self.shape.read) + sum(map(len, self._results.values()))):
            self._begun.clear()
            if self.spec.loss:
                self._enter_function(self.spec.loss)
            if self.spec.implementation:
                self._enter_class(self.spec.implementation)
            for callback in self.spec.callbacks:
                self._enter_function(callback.function)
            for path in _own_factories(self.spec):
                self._enter_factory(path)

    def call(self, function: FunctionDefinition, given: Mapping[str, Values]) -> Values:
        """Follow a function with what its parameters are; return what it returns."""
        call = (function.node, frozenset(given.items()))
        if call not in self._begun:
            self._begun.add(call)
            self.visited[function.node] = function
            flow = Flow(self, function.module, dict(given))
            self._results[call] = flow.through(function.node)
        return self._results.get(call, NOTHING)

    def hand_out(self, values: Values) -> None:
        """Give values to code that cannot be followed: it may read all of them."""
        for value in values - {MAYBE}:
            self.shape.read_all(self.shape.root if value in {TRAINER, PART} else value)

    def _enter_function(self, path: ImportPath) -> None:
        """Follow a function that gets the trainer: the loss, or a callback."""
        function = self.library.find(path)
        if isinstance(function, FunctionDefinition):
            self.hand_out(self.call(function, given_from_outside(function, TRAINER)))
        else:
            self.hand_out(frozenset({TRAINER}))

    def _enter_class(self, path: ImportPath) -> None:
        own = self.library.find(path)
        if not isinstance(own, Class):
            self.hand_out(frozenset({TRAINER}))
            return
        self._gather(own, self.methods)
        for method in list(self.methods.values()):
            returned = self.call(method, self._given(method))
            self.hand_out(NOTHING if method.is_property else returned)

    def _enter_factory(self, path: ImportPath) -> None:
        """Follow the methods of a factory of the user's, once it is written."""
        own, methods = self.library.find(path), dict[str, FunctionDefinition]()
        if isinstance(own, Class):
            self._gather(own, methods)
        for method in methods.values():
            self.call(method, given_from_outside(method, PART))

    def _given(self, method: FunctionDefinition) -> dict[str, Values]:
        """Return what the parameters of a method are; `__init__` gets the config."""
        given = given_from_outside(method, TRAINER)
        if method.node.name == "__init__":
            given |= dict.fromkeys([*given][1:2], frozenset({self.shape.root}))
        return given

    def _gather(self, owner: Class, methods: dict[str, FunctionDefinition]) -> None:
        """Gather the methods of a class and of its bases, and follow what its body names."""
        for node in owner.node.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                methods.setdefault(node.name, FunctionDefinition(owner.module, node))
            else:
                Flow(self, owner.module, {}).in_class(node)
        for base in owner.node.bases:
            name = dotted(base.value if isinstance(base, ast.Subscript) else base)
            if owner.module.home(name).partition(".")[0] in _READS_NOTHING:
                continue
            match self.library.meant(owner.module, name):
                case Class() as found:
                    self._gather(found, methods)
                case _:
                    self.hand_out(frozenset({TRAINER}))


def _own_factories(spec: Definition) -> Iterator[ImportPath]:
    for slot in spec.sections:
        yield from (factory.factory for factory in slot.factories if factory.own)
