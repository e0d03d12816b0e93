"""Data sources without a network: questions about Python, answered by its documentation.

The texts are those of the running Python: the topics of the language reference that ship with
``pydoc``, and the docstrings of the built-in types and of modules of the standard library. They
differ a little from one release of Python to the next.
"""

from __future__ import annotations

import builtins
import importlib
import inspect
import types
from collections.abc import Iterator
from functools import cache
from typing import Final, Generic, TypeVar

from typing_extensions import override

from arctic_training.config.data import PythonDocsSourceConfig
from arctic_training.config.preference import PythonDocsPreferenceSourceConfig
from arctic_training.config.source import DataSourceConfig
from arctic_training.data.chat.conversation import Conversation, Preference
from arctic_training.data.sources.dataset import Dataset
from arctic_training.data.sources.source import Source
from arctic_training.data.store.digests import digest

__all__ = [
    "PythonDocsDocumentSource",
    "PythonDocsPreferenceSource",
    "PythonDocsSource",
    "python_docs",
]

Section_co = TypeVar("Section_co", bound=DataSourceConfig, covariant=True)
Item_co = TypeVar("Item_co", covariant=True)

_MODULES: Final = """
    argparse array ast base64 bisect bz2 calendar cmath collections configparser contextlib copy
    csv datetime decimal difflib dis email.message fileinput fnmatch fractions functools glob gzip
    heapq html http.client http.cookies inspect io ipaddress itertools json logging lzma mailbox
    math mimetypes operator os pathlib pickle pprint queue random re sched selectors shelve shlex
    shutil smtplib socket statistics string struct subprocess tarfile tempfile textwrap threading
    time timeit tokenize traceback types unicodedata unittest urllib.parse uuid warnings weakref
    xml.dom.minidom xml.etree.ElementTree zipfile zlib
""".split()
_SHORTEST: Final = 40
_LONGEST: Final = 1200


class _PythonDocs(Source[Section_co, Item_co], Generic[Section_co, Item_co]):
    @override
    def check(self) -> None:
        """Do nothing: Python ships its documentation."""

    @override
    def fingerprint(self) -> object:
        return digest(python_docs())


class PythonDocsSource(_PythonDocs[PythonDocsSourceConfig, Conversation]):
    """Questions and answers, as conversations of two messages."""

    @override
    def items(self) -> Dataset[Conversation]:
        return Dataset.from_list(python_docs())


class PythonDocsDocumentSource(_PythonDocs[PythonDocsSourceConfig, str]):
    """Questions and answers, as documents of two paragraphs."""

    @override
    def items(self) -> Dataset[str]:
        documents = ["\n\n".join(m["content"] for m in messages) for messages in python_docs()]
        return Dataset.from_list(documents)


class PythonDocsPreferenceSource(_PythonDocs[PythonDocsPreferenceSourceConfig, Preference]):
    """Each question with its answer as chosen, and that to the question half the set later."""

    @override
    def items(self) -> Dataset[Preference]:
        conversations = python_docs()
        half = len(conversations) // 2
        others = [*conversations[half:], *conversations[:half]]
        return Dataset.from_list(
            [
                Preference([question], [answer], [other])
                for (question, answer), (_, other) in zip(conversations, others, strict=True)
            ]
        )


@cache
def python_docs() -> list[Conversation]:
    """Return the conversations, always in the same order."""
    pairs = dict([*_topics(), *_docstrings()])
    return [
        [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        for question, answer in pairs.items()
    ]


def _topics() -> Iterator[tuple[str, str]]:
    from pydoc_data.topics import topics

    for topic, text in sorted(topics.items()):
        parts = list(_parts(text))
        for number, part in enumerate(parts, 1):
            which = f" (part {number} of {len(parts)})" if len(parts) > 1 else ""
            yield f"What does the Python reference say about `{topic}`{which}?", part


def _docstrings() -> Iterator[tuple[str, str]]:
    for path, thing in _documented():
        text = inspect.cleandoc(thing.__doc__ or "")
        if len(text) >= _SHORTEST:
            yield f"What is `{path}` in Python?", next(_parts(text))


def _documented() -> Iterator[tuple[str, object]]:
    """Iterate over the public names of the modules, and over the methods of their classes."""
    for module_name in ("builtins", *_MODULES):
        module = builtins if module_name == "builtins" else importlib.import_module(module_name)
        prefix = "" if module is builtins else f"{module_name}."
        for name, thing in sorted(vars(module).items()):
            if name.startswith("_") or getattr(thing, "__module__", None) != module_name:
                continue
            yield prefix + name, thing
            if isinstance(thing, type):
                for method_name, method in sorted(vars(thing).items()):
                    if not method_name.startswith("_") and isinstance(method, _METHODS):
                        yield f"{prefix}{name}.{method_name}", method


_METHODS: Final = (types.FunctionType, types.MethodDescriptorType, property)


def _parts(text: str) -> Iterator[str]:
    """Cut text between paragraphs into parts of about `_LONGEST` characters."""
    part = ""
    for paragraph in text.strip().split("\n\n"):
        if part and len(part) + len(paragraph) > _LONGEST:
            yield part
            part = ""
        part = f"{part}\n\n{paragraph}" if part else paragraph
    yield part
