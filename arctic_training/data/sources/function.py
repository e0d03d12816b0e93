"""What a function of the user's yields, as a source of data.

It is called anew for each pass over its samples: once to count them, once to take those that are
chosen, and once for a stream, of which nothing is kept. So no call may depend on another.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import TypeVar

import numpy as np

from arctic_training.config.source import FunctionSourceConfig
from arctic_training.data.chat.conversation import Conversation, as_message
from arctic_training.data.sources.dataset import Counted, Items, Numbers
from arctic_training.data.sources.huggingface_preference import Preference
from arctic_training.data.store.digests import digest_of_module, digests_of_files
from arctic_training.diagnostics.plurals import counted
from arctic_training.errors import RecipeError

__all__ = [
    "check_function",
    "content_of_function",
    "function_conversations",
    "function_documents",
    "function_preferences",
]

T = TypeVar("T")

_Function = Callable[..., object]


def check_function(config: FunctionSourceConfig) -> None:
    """Make sure that the function is there and takes the arguments; it is not called.

    Raises:
        RecipeError: its pointer begins at the source.

    """
    signature = _signature(_function(config))
    try:
        signature.bind(**config.arguments)
    except TypeError as error:
        reason = str(error).replace("'", "`")
        message = f"`{config.function}` cannot be called with them: {reason}"
        raise RecipeError(("arguments",), message, code="wrong-type") from error


def function_conversations(config: FunctionSourceConfig) -> Items[Conversation]:
    """Return the conversations that a function yields.

    Raises:
        RecipeError: it yields something else; its pointer begins at the source.

    """
    return _items(config, _conversation)


def function_documents(config: FunctionSourceConfig) -> Items[str]:
    """Return the documents that a function yields.

    Raises:
        RecipeError: it yields something else; its pointer begins at the source.

    """
    return _items(config, _document)


def function_preferences(config: FunctionSourceConfig) -> Items[Preference]:
    """Return the preferences that a function yields.

    Raises:
        RecipeError: it yields something else; its pointer begins at the source.

    """
    return _items(config, _preference)


def content_of_function(config: FunctionSourceConfig) -> object:
    """Return what decides the samples, as JSON holds it: the code, and files that it is given.

    The code is that of the module which the recipe names, and of the one that has the function.

    Raises:
        RecipeError: there is no such function; its pointer begins at the source.

    """
    function = _function(config)
    arguments = {
        name: _each(_content, value) for name, value in _arguments(config, function).items()
    }
    named, home = config.function.partition(":")[0], getattr(function, "__module__", None)
    return [[digest_of_module(name) for name in sorted({named, home or named})], arguments]


def _content(value: object) -> object:
    return digests_of_files(_files(value)) if isinstance(value, Path) else value


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(each for each in path.rglob("*") if each.is_file())
    return [path] if path.is_file() else []


def _items(config: FunctionSourceConfig, made: Callable[[object, int], T]) -> Items[T]:
    """Return what ``made`` makes of each sample and its number."""

    def stream() -> Iterator[T]:
        return map(made, _called(config), count())

    def counted() -> Counted[T]:
        size = sum(1 for _ in _called(config))

        def load(numbers: Numbers) -> Iterator[T]:
            wanted = np.zeros(size, dtype=np.bool_)
            wanted[numbers] = True
            number = -1
            for number, sample in enumerate(_called(config)):
                if number < size and wanted[number]:
                    yield made(sample, number)
            if number + 1 != size:
                raise _another_time(size, number + 1)

        return Counted(size, load)

    return Items(counted, stream)


def _called(config: FunctionSourceConfig) -> Iterable[object]:
    function = _function(config)
    made = function(**_arguments(config, function))
    if not isinstance(made, Iterable):
        message = f"it returns a value of the type `{type(made).__name__}`, which yields no samples"
        raise RecipeError(("function",), message, code="wrong-data")
    return made


def _arguments(config: FunctionSourceConfig, function: _Function) -> dict[str, object]:
    """Return the arguments; a text for a parameter that is a `Path`, or has several, is one."""
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
    """Return whether a parameter takes a path, or several; its annotation may be a text."""
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


def _conversation(sample: object, number: int) -> Conversation:
    items = sample if isinstance(sample, list) else []
    messages = [message for message in map(as_message, items) if message is not None]
    if not messages or len(messages) < len(items):
        raise _no_sample(number, "list of texts with their roles", "Conversation")
    return messages


def _document(sample: object, number: int) -> str:
    if not isinstance(sample, str):
        raise _no_sample(number, "text", "str")
    return sample


def _preference(sample: object, number: int) -> Preference:
    if not isinstance(sample, Preference):
        raise _no_sample(number, "prompt with two answers", "Preference")
    return sample


def _no_sample(number: int, what: str, name: str) -> RecipeError:
    message = f"sample {number} is no {what}"
    return RecipeError(("function",), message, code="wrong-data", hint=f"yield a `{name}`")


def _another_time(first: int, second: int) -> RecipeError:
    message = f"when counted, it yielded {counted(first, 'sample')}, and {second:,} after that"
    hint = "let each call yield the same samples in the same order"
    return RecipeError(("function",), message, code="wrong-data", hint=hint)
