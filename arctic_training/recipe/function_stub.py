"""Stub of a source function that does not exist yet."""

from __future__ import annotations

from collections.abc import Iterable
from keyword import iskeyword
from typing import Final

from arctic_training.document import JSON

__all__ = ["function_stub"]

_CONVERSATION: Final = (
    "from arctic_training import Conversation, Message",
    "Conversation",
    '[Message(role="user", content="Why?"), Message(role="assistant", content="So.")]',
)
_PREFERENCE: Final = (
    "from arctic_training import Message, Preference",
    "Preference",
    'Preference(*([Message(role=r, content="...")] for r in ("user", "assistant", "assistant")))',
)
_DOCUMENT: Final = ("", "str", '"A document."')
_LIKE: Final = {"huggingface_causal": _DOCUMENT, "huggingface_preference": _PREFERENCE}
"""Imports, items and first lines of a function, by the source that it replaces."""

_TYPES: Final = {bool: "bool", int: "int", float: "float"}


def function_stub(name: str, sources: Iterable[str], arguments: JSON) -> str:
    """Return a function with a parameter for each argument that can be one.

    It yields what the other types of ``sources`` yield.
    """
    imported, kind, sample = next((_LIKE[s] for s in sources if s in _LIKE), _CONVERSATION)
    given = arguments if isinstance(arguments, dict) else {}
    parameters = {
        argument: _annotation(value)
        for argument, value in given.items()
        if argument.isidentifier() and not iskeyword(argument)
    }
    listed = ", ".join(f"{argument}: {type_}" for argument, type_ in parameters.items())
    imports = ["from collections.abc import Iterator"]
    imports += ["from pathlib import Path"] if "Path" in parameters.values() else []
    head = "\n".join(imports) + (f"\n\n{imported}" if imported else "")
    return f'''{head}


def {name}({listed}) -> Iterator[{kind}]:
    """Yield the same samples in the same order at each call."""
    yield {sample}
'''


def _annotation(value: JSON) -> str:
    if isinstance(value, str):
        return "Path" if value.startswith((".", "/", "~")) else "str"
    return _TYPES.get(type(value), "object")
