"""Rows of JSON files: one object a line, or a list of objects; each is parsed on its own."""

from __future__ import annotations

import json
from codecs import getincrementaldecoder
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from arctic_training.data.sources.reading import UnreadableError, open_binary, read_lines

__all__ = ["json_rows"]

_CHUNK: Final = 2**18
_MARGIN: Final = 16
"""An error this far before the end of a chunk is not one of text that is cut off there."""

_ROWS_HINT: Final = "write one object a line, or a list of objects: `[{...}, {...}]`"
_SCANNER: Final = json.JSONDecoder()


def json_rows(path: Path) -> Iterator[dict[str, object]]:
    """Iterate over the objects of a file, a few of which are held at a time.

    Raises:
        OSError: it cannot be read.
        UnreadableError: it is not JSON, or has something else than objects.

    """
    for line, value in _listed(path) if _is_list(path) else _each_line(path):
        if not isinstance(value, dict):
            reason = f"expected object, found {type(value).__name__}"
            raise UnreadableError(path, line, reason, _ROWS_HINT)
        yield value


def _is_list(path: Path) -> bool:
    with open_binary(path) as file:
        head = b" "
        while head and not head.strip():
            head = file.readline(_CHUNK).removeprefix(b"\xef\xbb\xbf")
    return head.lstrip().startswith(b"[")


def _each_line(path: Path) -> Iterator[tuple[int, object]]:
    for number, line in read_lines(path):
        if line.isspace():
            continue
        try:
            value = json.loads(line)
            _check_surrogates(line, value)
        except (ValueError, RecursionError) as error:
            column = f" (column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
            raise UnreadableError(path, number, _reason(error) + column, _ROWS_HINT) from error
        yield number, value


def _listed(path: Path) -> Iterator[tuple[int, object]]:
    """Iterate over the items of a list, and the lines that they end in."""
    with open_binary(path) as file:
        items = _Items(path, file)
        items.skip("[")
        if items.next_character() != "]":
            yield items.line, items.take()
            while items.next_character() == ",":
                items.skip(",")
                yield items.line, items.take()
        items.skip("]")
        if items.next_character():
            raise items.error("text behind the end of the list")


def _check_surrogates(text: str, value: object) -> None:
    r"""Make sure that escaped text is UTF-8: it may have half of a pair such as `\ud83d`."""
    if "\\ud" in text or "\\uD" in text:
        json.dumps(value, ensure_ascii=False).encode()


def _reason(error: Exception) -> str:
    match error:
        case json.JSONDecodeError():
            return error.msg
        case UnicodeEncodeError():
            return "an escaped character is half of a surrogate pair"
        case RecursionError():
            return "it is nested too deeply"
        case _:
            return str(error)


class _Items:
    """Reads JSON values from a file, of which as much is held as a value takes."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path = path
        self._file = file
        self._decoder = getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._place = 0
        self.line = 1

    def next_character(self) -> str:
        """Skip white space and return the character behind it; an empty string at the end."""
        while True:
            rest = self._text[self._place : self._place + 1]
            if rest and not rest.isspace():
                return rest
            if rest:
                self.line += rest == "\n"
                self._place += 1
            elif not self._read():
                return ""

    def skip(self, character: str) -> None:
        """Skip a character that has to come next."""
        found = self.next_character()
        if found != character:
            raise self.error(
                f"expected `{character}`, found {f'`{found}`' if found else 'the end'}"
            )
        self._place += 1

    def take(self) -> object:
        """Return the value that comes next."""
        self.next_character()
        while True:
            try:
                value, end = _SCANNER.raw_decode(self._text, self._place)
                _check_surrogates(self._text[self._place : end], value)
            except (ValueError, RecursionError) as error:
                if not (self._is_cut_off(error) and self._read()):
                    wrong = getattr(error, "pos", self._place)
                    self.line += self._text.count("\n", self._place, wrong)
                    raise self.error(_reason(error)) from error
            else:
                self.line += self._text.count("\n", self._place, end)
                self._place = end
                return value

    def _is_cut_off(self, error: Exception) -> bool:
        """Return whether a value may continue in what is not read yet."""
        if not isinstance(error, json.JSONDecodeError):
            return False
        return error.pos > len(self._text) - _MARGIN or "Unterminated" in error.msg

    def error(self, reason: str) -> UnreadableError:
        """Return an error at the line that is read."""
        return UnreadableError(self._path, self.line, reason, _ROWS_HINT)

    def _read(self) -> bool:
        """Read as much again as is held, so that a long value is not parsed too often."""
        rest = self._text[self._place :]
        chunk = self._file.read(max(_CHUNK, len(rest)))
        try:
            more = self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            raise self.error("it is not UTF-8") from error
        self._text, self._place = rest + more, 0
        return bool(chunk)
