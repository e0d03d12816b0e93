"""Where the loss of a trainer is written."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import FunctionType

from arctic_training.document import shown_path
from arctic_training.project.locations import NAMESPACE

__all__ = ["loss_place"]


def loss_place(loss: object) -> str:
    """Return file and line of the function that is a loss; empty if it is not a function.

    The method of a generated trainer calls the user's function, and nothing else.
    """
    function = inspect.unwrap(loss) if callable(loss) else loss
    if not isinstance(function, FunctionType):
        return ""
    if function.__module__.partition(".")[0] == NAMESPACE:
        called = (function.__globals__.get(name) for name in function.__code__.co_names)
        function = next((f for f in called if isinstance(f, FunctionType)), function)
    code = function.__code__
    return f"{shown_path(Path(code.co_filename))}:{code.co_firstlineno}"
