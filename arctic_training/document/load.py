"""Load a user's file as a tree in which every value has a span."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from arctic_training.diagnostics import Diagnostic, Source, nearest
from arctic_training.document.node import MapNode, Node, plain
from arctic_training.document.parse import parse
from arctic_training.document.refused import MOST_CHARACTERS
from arctic_training.document.value_names import shown

__all__ = ["UnreadableError", "load", "shown_path"]

_SUFFIXES: Final = (".yaml", ".yml", ".json")
_MOST_BYTES: Final = 4 * MOST_CHARACTERS


class UnreadableError(Exception):
    """A file that was named cannot be read at all."""


def load(path: Path) -> tuple[MapNode | None, list[Diagnostic]]:
    """Read a definition or a recipe; without a tree, the list holds at least one error.

    Raises:
        UnreadableError: there is no such file, or it cannot be read.

    """
    name = shown_path(path)
    if path.exists() and not path.is_dir() and not path.is_file():
        raise UnreadableError(f"{name}: not a regular file")  # reading a pipe waits for its writer
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        meant = _meant(path) if isinstance(error, FileNotFoundError) else ""
        raise UnreadableError(f"{name}: {error.strerror}{meant}") from error
    try:
        source = Source(name, data.decode("utf-8-sig", _errors(data)))
    except UnicodeDecodeError as error:
        before = Source(name, data[: error.start].decode("utf-8-sig", "replace"))
        span = before.line(len(before.lines))
        return None, [Diagnostic(code="yaml-syntax", message="the text is not UTF-8", span=span)]
    node, problems = parse(source)
    if isinstance(node, MapNode):
        return node, problems
    if node is not None:
        problems = [*problems, _no_mapping(node)]
    return None, problems


def _meant(path: Path) -> str:
    """Ask for the file next to ``path`` that was probably meant; the suffix may be missing."""
    try:
        beside = {f.stem: f.name for f in path.parent.iterdir() if f.suffix in _SUFFIXES}
    except OSError:
        return ""
    meant = nearest(path.stem, beside)
    return f"; did you mean `{beside[meant]}`?" if meant else ""


def _errors(data: bytes) -> str:
    """Return the error handler of decoding: truncated bytes may end inside a character."""
    return "ignore" if len(data) > _MOST_BYTES else "strict"


def shown_path(path: Path) -> str:
    """Return a path as the user knows it: from the current folder, if it lies below that."""
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def _no_mapping(node: Node) -> Diagnostic:
    value = plain(node)
    message = (
        f"expected mapping, found {shown(value)}" if value is not None else "the file is empty"
    )
    return Diagnostic(code="wrong-type", message=message, span=node.span)
