"""Which attributes some methods of a class may read, by following the functions that they call."""

from __future__ import annotations

import dis
import inspect
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import import_module
from itertools import chain
from types import CodeType, FunctionType, ModuleType
from typing import Final

__all__ = ["PACKAGE", "Reachable", "reachable"]

PACKAGE: Final = "arctic_training."
"""What the names of this package's modules begin with."""

_WHOLE: Final = frozenset({"__dict__", "model_dump", "model_dump_json", "vars"})
"""How user code reads all attributes at once."""

_BY_NAME: Final = frozenset({"attrgetter", "getattr"})
_LIBRARIES: Final = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


@dataclass(slots=True)
class Reachable:
    """What is read and called, as far as names tell.

    An attribute counts by its name, whatever object it is read from. So one may seem to be read
    that is not; one that is read never seems not to be.
    """

    attributes: set[str] = field(default_factory=set)
    codes: set[CodeType] = field(default_factory=set)
    reads_all: bool = False
    """Whether user code reads attributes in a way that names do not tell."""

    def reads(self, name: str) -> bool:
        """Return whether an attribute of that name may be read."""
        return self.reads_all or name in self.attributes

    def calls(self, function: Callable[..., object]) -> bool:
        """Return whether a function may be called."""
        return getattr(function, "__code__", None) in self.codes


def reachable(
    owner: type, name: str, without: frozenset[str], others: Iterable[type] = ()
) -> Reachable:
    """Follow a method of a class through user code and this package.

    Args:
        owner: the class; where a function names another method of it, that is followed too.
        name: the method.
        without: names of functions that are not followed.
        others: classes whose every method in user code is followed as well.

    """
    found = Reachable()
    bases = {
        base.__module__.partition(".")[0] for each in (owner, *others) for base in each.__mro__
    }
    own = bases - sys.stdlib_module_names
    waiting = [*_methods(owner, name)]
    waiting += (each for other in others for each in _own_methods(other))
    while waiting:
        function = waiting.pop()
        is_ours = function.__module__.startswith(PACKAGE)
        if function.__code__ in found.codes or function.__name__ in without:
            continue
        if not is_ours and not _is_user_code(function, own):
            continue
        found.codes.add(function.__code__)
        names = _Names.of(function.__code__)
        found.attributes |= names.attributes
        found.reads_all |= not is_ours and bool(_WHOLE & (names.attributes | names.others))
        waiting += (each for name in names.attributes for each in _methods(owner, name))
        waiting += _used(function, names)
    return found


def _is_user_code(function: FunctionType, own: set[str]) -> bool:
    """Return whether a function is user code, or of a library that has one of the classes."""
    if function.__module__.partition(".")[0] in own:
        return True
    return not function.__code__.co_filename.startswith((*_LIBRARIES, "<"))


@dataclass(slots=True)
class _Names:
    """The names in a function, in those within it, and in what it imports."""

    attributes: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)

    @classmethod
    @cache
    def of(cls, code: CodeType) -> _Names:
        names, texts, matches = cls(), set[str](), False
        for step in dis.get_instructions(code):
            name = str(step.argval)
            if step.opname.startswith("IMPORT_NAME"):
                names.modules.add(name)
            elif "ATTR" in step.opname or "METHOD" in step.opname:
                names.attributes |= set() if step.opname.startswith("STORE") else {name}
            elif step.opname.startswith(("LOAD_GLOBAL", "LOAD_NAME", "IMPORT_FROM")):
                names.others.add(name)
            matches |= step.opname == "MATCH_CLASS"
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                names.add(cls.of(constant))
            parts = constant if isinstance(constant, tuple) else (constant,)
            texts |= {part for part in parts if isinstance(part, str)}
        if matches or _BY_NAME & (names.others | names.attributes):
            names.attributes |= texts
        return names

    def add(self, inner: _Names) -> None:
        """Add the names of a function inside."""
        self.attributes |= inner.attributes
        self.others |= inner.others
        self.modules |= inner.modules


def _methods(owner: type, name: str) -> Iterator[FunctionType]:
    """Iterate over the definitions of a method that a class may call."""
    for base in owner.__mro__:
        if name not in vars(base):
            continue
        functions = [*_functions(vars(base)[name])]
        yield from functions
        if not any("super" in _Names.of(each.__code__).others for each in functions):
            return


def _members(owner: type) -> dict[str, None]:
    """Return the names of a class, with those that it inherits from this package's classes."""
    ours = [base for base in owner.__mro__[1:] if base.__module__.startswith(PACKAGE)]
    return dict.fromkeys(name for each in (owner, *ours) for name in vars(each))


def _own_methods(owner: type) -> Iterator[FunctionType]:
    """Iterate over the methods of a class and its bases that are not this package's."""
    for base in owner.__mro__:
        if not base.__module__.startswith(PACKAGE):
            yield from chain.from_iterable(map(_functions, vars(base).values()))


def _used(function: FunctionType, names: _Names) -> Iterator[FunctionType]:
    """Iterate over the functions that a function may call by a name of its module."""
    for cell in function.__closure__ or ():
        yield from _functions(_content(cell))
    ours = [import_module(name) for name in names.modules if name.startswith(PACKAGE)]
    scopes = [vars(module) for module in (*ours, *map(sys.modules.get, names.modules)) if module]
    for scope in (function.__globals__, *scopes):
        for name in names.others:
            value = scope.get(name)
            yield from _functions(value)
            if isinstance(value, type):
                for member in _members(value):
                    yield from _methods(value, member)
            if isinstance(value, ModuleType):
                for attribute in names.attributes:
                    yield from _functions(vars(value).get(attribute))


def _content(cell: object) -> object:
    try:
        return getattr(cell, "cell_contents", None)
    except ValueError:  # not assigned yet
        return None


def _functions(value: object) -> Iterator[FunctionType]:
    """Iterate over the functions behind a value: a function, a property, a decorated one."""
    if isinstance(value, property):
        value = value.fget
    elif isinstance(value, cached_property):
        value = value.func
    elif isinstance(value, staticmethod | classmethod):
        value = value.__func__
    if callable(value):
        value = inspect.unwrap(value)
    if isinstance(value, FunctionType):
        yield value
