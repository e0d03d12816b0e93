"""Data source of a function that the user wrote.

It is called again for each pass over its samples: once to count them, once to take those that are
chosen, and once for a stream, of which nothing is kept. So no call may depend on another.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from typing_extensions import override

from arctic_training.config.source import FunctionSourceConfig
from arctic_training.data.sources.dataset import Dataset, Indices, SizedDataset
from arctic_training.data.sources.item_kinds import ItemKind
from arctic_training.data.sources.source import Source
from arctic_training.data.store.digests import digest_of_module, digests_of_files
from arctic_training.diagnostics.plurals import counted
from arctic_training.errors import RecipeError

__all__ = ["FunctionSource"]

Item_co = TypeVar("Item_co", covariant=True)

_Function = Callable[..., object]


class FunctionSource(Source[FunctionSourceConfig, Item_co], Generic[Item_co]):
    """What a function yields, as items of a kind.

    Args:
        config: the section.
        kind: the kind of items that data of this section needs.

    """

    neutral_fields = frozenset({"arguments"})

    def __init__(self, config: FunctionSourceConfig, kind: ItemKind[Item_co]) -> None:
        super().__init__(config)
        self._kind = kind

    @property
    @override
    def label(self) -> str:
        return self.config.function

    @override
    def check(self) -> None:
        signature = _signature(_function(self.config))
        try:
            signature.bind(**self.config.arguments)
        except TypeError as error:
            reason = str(error).replace("'", "`")
            message = f"`{self.config.function}` cannot be called with them: {reason}"
            raise RecipeError(("arguments",), message, code="wrong-type") from error

    @override
    def fingerprint(self) -> object:
        """Return the digests of its code and of the files among its arguments.

        The code is that of the module which the recipe names, and of the one that has the function.
        """
        function = _function(self.config)
        arguments = {
            name: _each(_content, value)
            for name, value in _arguments(self.config, function).items()
        }
        named, home = self.config.function.partition(":")[0], getattr(function, "__module__", None)
        return [[digest_of_module(name) for name in sorted({named, home or named})], arguments]

    @override
    def items(self) -> Dataset[Item_co]:
        return Dataset(
            self._sized, lambda: map(self._kind.from_value, _yielded(self.config), count())
        )

    def _sized(self) -> SizedDataset[Item_co]:
        size = sum(1 for _ in _yielded(self.config))

        def load(indices: Indices) -> Iterator[Item_co]:
            wanted = np.zeros(size, dtype=np.bool_)
            wanted[indices] = True
            index = -1
            for index, value in enumerate(_yielded(self.config)):
                if index < size and wanted[index]:
                    yield self._kind.from_value(value, index)
            if index + 1 != size:
                raise _unstable_size(size, index + 1)

        return SizedDataset(size, load)


def _content(value: object) -> object:
    return digests_of_files(_files(value)) if isinstance(value, Path) else value


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(each for each in path.rglob("*") if each.is_file())
    return [path] if path.is_file() else []


def _yielded(config: FunctionSourceConfig) -> Iterable[object]:
    function = _function(config)
    made = function(**_arguments(config, function))
    if not isinstance(made, Iterable):
        message = f"it returns a value of the type `{type(made).__name__}`, which yields no samples"
        raise RecipeError(("function",), message, code="wrong-data")
    return made


def _arguments(config: FunctionSourceConfig, function: _Function) -> dict[str, object]:
    """Return the arguments; a string for a parameter that is a `Path`, or has several, is one."""
    parameters = _signature(function).parameters
    return {
        name: _each(_path, value) if name in parameters and _is_path(parameters[name]) else value
        for name, value in config.arguments.items()
    }


def _signature(function: _Function) -> inspect.Signature:
    """Return the parameters of a function; a compiled one that does not tell them takes any."""
    try:
        return inspect.signature(function)
    except ValueError:
        anything = inspect.Parameter("arguments", inspect.Parameter.VAR_KEYWORD)
        return inspect.Signature([anything])


def _path(value: object) -> object:
    return Path(value) if isinstance(value, str) else value


def _each(made: Callable[[object], object], value: object) -> object:
    """Return what is made of a value, or of all values in a list or a mapping."""
    match value:
        case list():
            return [_each(made, item) for item in value]
        case dict():
            return {key: _each(made, item) for key, item in value.items()}
        case _:
            return made(value)


def _is_path(parameter: inspect.Parameter) -> bool:
    """Return whether a parameter takes a path, or several; its annotation may be a string."""
    return "Path" in re.findall(r"\w+", str(inspect.formatannotation(parameter.annotation)))


def _function(config: FunctionSourceConfig) -> _Function:
    module, _, name = config.function.partition(":")
    try:
        found: object = getattr(import_module(module), name, None)
    except ModuleNotFoundError as error:
        if not error.name or not f"{module}.".startswith(f"{error.name}."):
            raise
        message = f"there is no module `{error.name}`"
        raise RecipeError(("function",), message, code="not-importable") from error
    if not callable(found):
        message = f"the module `{module}` has no function `{name}`"
        raise RecipeError(("function",), message, code="not-importable")
    return found


def _unstable_size(first: int, second: int) -> RecipeError:
    message = f"when counted, it yielded {counted(first, 'sample')}, and {second:,} after that"
    hint = "let each call yield the same samples in the same order"
    return RecipeError(("function",), message, code="wrong-data", hint=hint)
