"""Data files, decompressed, as lines and as text, and the error of one that is damaged."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Final

from fsspec.compression import compr
from fsspec.utils import infer_compression

__all__ = ["UnreadableError", "open_binary", "read_lines", "read_text"]

_FOREIGN: Final = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}
_ENCODING_HINT: Final = "save it as UTF-8: `iconv -f {} -t UTF-8 OLD > NEW`"


class UnreadableError(ValueError):
    """A data file cannot be read as rows.

    Args:
        path: the file.
        line: line of the file, counted from 1; None if the whole file is concerned.
        reason: what is wrong.
        hint: what to change.

    """

    def __init__(self, path: Path, line: int | None, reason: str, hint: str = "") -> None:
        place = f"`{path.name}`" if line is None else f"`{path.name}`, line {line}"
        super().__init__(f"{place}: {reason}")
        self.hint = hint


@contextmanager
def open_binary(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that may be compressed.

    Raises:
        OSError: it cannot be opened.
        UnreadableError: nothing here decompresses it.

    """
    kind = infer_compression(path.name)
    if kind is not None and kind not in compr:
        hint = "pip install zstandard" if kind == "zstd" else "decompress it"
        raise UnreadableError(path, None, f"`{path.suffix}` files cannot be decompressed", hint)
    with path.open("rb") as stored:
        if kind is None:
            yield stored
            return
        with compr[kind](stored, mode="rb") as file:
            yield file


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    r"""Iterate over the lines of a file, which end with ``\n`` alone, and their numbers from 1.

    Raises:
        OSError: it cannot be read.
        UnreadableError: it is not UTF-8.

    """
    with open_binary(path) as file:
        for number, line in enumerate(file, 1):
            content = _without_mark(path, line) if number == 1 else line
            try:
                yield number, content.decode()
            except UnicodeDecodeError as error:
                raise _not_utf8(path, number, error) from error


def read_text(path: Path) -> str:
    r"""Return a whole text file; its lines end with ``\n``.

    Raises:
        OSError: it cannot be read.
        UnreadableError: it is not UTF-8.

    """
    try:
        with open_binary(path) as file, TextIOWrapper(file, encoding="utf-8-sig") as text:
            return text.read()
    except UnicodeDecodeError as error:
        raise _not_utf8(path, None, error) from error


def _without_mark(path: Path, line: bytes) -> bytes:
    """Return the first line of a file without its byte order mark."""
    for mark, encoding in _FOREIGN.items():
        if line.startswith(mark):
            hint = _ENCODING_HINT.format(encoding)
            raise UnreadableError(path, None, f"it is {encoding}, not UTF-8", hint)
    return line.removeprefix(codecs.BOM_UTF8)


def _not_utf8(path: Path, line: int | None, error: UnicodeDecodeError) -> UnreadableError:
    byte = error.object[error.start]
    hint = _ENCODING_HINT.format("LATIN1")
    return UnreadableError(path, line, f"byte 0x{byte:02x} is not UTF-8", hint)
