"""Named classes, registered as they are defined. Imports nothing heavy."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, Self

from arctic_training.diagnostics import did_you_mean
from arctic_training.errors import RegistryError

__all__ = ["Registered"]


class Registered:
    """A subclass made with ``root=True`` opens a registry that every class below it joins.

    A class joins under its ``name``. One made with ``abstract=True`` stays out: it is there to be
    derived from.

    Raises:
        RegistryError: at the definition of a class that cannot be used, with every reason.

    """

    name: str
    _registry: ClassVar[dict[str, type[Any]]]

    def __init_subclass__(cls, *, root: bool = False, abstract: bool = False) -> None:
        """Check and register the class."""
        super().__init_subclass__()
        if root:
            cls._registry = {}
        if root or abstract:
            return
        if problems := [*cls._definition_problems()]:
            raise RegistryError(f"{_path(cls)} cannot be registered: {'; '.join(problems)}")
        known = cls._registry.get(cls.name)
        if known is not None and _path(known) != _path(cls):
            message = f"{_path(cls)} cannot be registered: `{cls.name}` is {_path(known)} already"
            raise RegistryError(message, hint="give one of the two a `name` of its own")
        cls._registry[cls.name] = cls

    @classmethod
    def named(cls, name: str) -> type[Self]:
        """Return the registered class of that name.

        Raises:
            RegistryError: there is none.

        """
        found: type[Self] | None = cls._registry.get(name)
        if found is None:
            near = did_you_mean(name, cls._registry)
            raise RegistryError(f"`{name}` is not a registered {cls.__name__}", hint=near)
        return found

    @classmethod
    def registered_names(cls) -> list[str]:
        """Return the names of all registered classes, sorted."""
        return sorted(cls._registry)

    @classmethod
    def _definition_problems(cls) -> list[str]:
        """Return why the class cannot be used. Roots add their own reasons."""
        problems = []
        if not isinstance(getattr(cls, "name", None), str):
            problems.append("it has no `name`")
        # __init_subclass__ runs before ABCMeta fills __abstractmethods__: look for ourselves.
        if left := [name for name in dir(cls) if _is_abstract(cls, name)]:
            problems.append(f"it leaves {', '.join(left)} abstract")
        return problems


def _is_abstract(cls: type, name: str) -> bool:
    return bool(getattr(inspect.getattr_static(cls, name), "__isabstractmethod__", False))


def _path(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
