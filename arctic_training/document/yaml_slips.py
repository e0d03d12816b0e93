"""Typing mistakes in YAML: what a line may have meant, and how it reads when corrected.

A parser notices a slip where it can go no further, which is seldom where it was made. So each
suspicion here comes with its repair: whether the parser gets further with it decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

__all__ = ["DETECTORS", "Detector", "Slip", "unclosed"]

_KEY: Final = r"[A-Za-z_$][\w.$/-]*"
_ENTRY: Final = re.compile(
    rf"(?P<lead>\s*(?:- +)*)(?P<key>{_KEY}|'[^']*'|\"[^\"]*\"):(?:[ \t]+(?P<value>\S.*))?$"
)
_ITEM: Final = re.compile(r"(?P<lead>\s*(?:- +)+)(?P<value>\S.*)$")
_UNSEEN_SPACE: Final = "\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff"
_NO_COLON: Final = re.compile(
    rf"(?P<lead>\s*(?:- +)*)(?P<key>{_KEY}?)"
    rf"(?P<mark>\s*\uff1a\s*|:[{_UNSEEN_SPACE}]+[ \t]*|[{_UNSEEN_SPACE}]+:?[ \t]*"
    r"|:(?=\S)|\s*:?=\s*|[ \t]+|$)"
    r"(?P<value>[^\s:#].*)?$"
)
_SPECIAL: Final = "@`%*&!|>?,]}-"
_CLOSERS: Final = {"{": "}", "[": "]"}
_TEXT: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\"|(?<!\S)#.*")


@dataclass(frozen=True, slots=True)
class Slip:
    """What may be wrong with one line.

    ``start`` and ``end`` are the columns of the slip, from 0; ``repaired`` is the line without it.
    One that ``swallows`` lines is noticed far below.
    """

    message: str
    hint: str
    start: int
    end: int
    repaired: str
    swallows: bool = False


Detector: TypeAlias = Callable[[list[str], int], Iterator[Slip]]
"""Takes all lines and the index of one; yields suspicions, the likeliest first."""


def _missing_colon(lines: list[str], index: int) -> Iterator[Slip]:
    """Find a key whose `: ` is missing, or is another character."""
    found = _NO_COLON.match(lines[index])
    if not found or lines[index].lstrip().startswith("#"):
        return
    lead, key, mark, value = found["lead"], found["key"], found["mark"], found["value"] or ""
    mended = f"{key}: {value}".rstrip()
    start, end = found.span("mark")
    message, at = _colon_message(key, mark), (found.start("key"), found.end("key"))
    place = (start, end) if mark.strip(" \t") else at
    yield Slip(message, f"write `{mended}`", *place, lead + mended)


def _colon_message(key: str, mark: str) -> str:
    bare = mark.strip(" \t")
    if "\uff1a" in bare:
        return f"full-width colon after `{key}`: YAML needs an ordinary `:`"
    if "=" in bare:
        return f"`{bare}` after `{key}`: YAML needs `:`"
    if bare == ":":
        return f"missing space after `{key}:`"
    if bare.startswith(":"):
        return f"no-break or other special space after `{key}:`: YAML needs an ordinary one"
    return f"missing `:` after `{key}`"


def _unclosed_quote(lines: list[str], index: int) -> Iterator[Slip]:
    """Find a value that begins with a quote and does not end with it."""
    for found in (_ENTRY.match(lines[index]), _ITEM.match(lines[index])):
        value = (found and found["value"]) or ""
        if found and value[:1] in {"'", '"'} and not _TEXT.match(value):
            quote, start = value[0], found.start("value")
            mended = f"{lines[index].rstrip()}{quote}"
            message = f"missing closing quote: the string that begins with `{quote}` is not closed"
            end = len(lines[index].rstrip())
            yield Slip(message, f"end it with `{quote}`", start, end, mended, swallows=True)


def _unclosed_bracket(lines: list[str], index: int) -> Iterator[Slip]:
    """Find a `[` or `{` that its line does not close."""
    line = lines[index]
    blank = _without_texts(line)
    opened, is_mixed = _open_brackets(blank)
    if opened and not is_mixed:
        at, closing = opened[0], "".join(_CLOSERS[blank[each]] for each in reversed(opened))
        cut = len(blank.rstrip())
        mended = line[:cut].rstrip(",") + closing + line[cut:]
        yield Slip(f"`{line[at]}` is not closed", f"end it with `{closing}`", at, at + 1, mended)


def _unquoted_value(lines: list[str], index: int) -> Iterator[Slip]:
    """Find a value that only a quoted string can be."""
    for found in (_ENTRY.match(lines[index]), _ITEM.match(lines[index])):
        if not found or not (value := (found["value"] or "").rstrip()):
            continue
        start = found.start("value")
        message, at, quoted = _quoting(value)
        if message:
            mended = lines[index][:start] + quoted
            yield Slip(message, f"write `{quoted}`", start + at, start + len(value), mended)


def _quoting(value: str) -> tuple[str, int, str]:
    """Return why a value has to be quoted, from which column on that shows, and it in quotes."""
    quoted = "'" + value.replace("'", "''") + "'"
    if value[0] in {"'", '"'}:
        closed = _TEXT.match(value)
        at = closed.end() if closed else 0
        if value[-1] != value[0] or len(value) == 1:
            return "text after the closing quote", at, quoted
        inner = (
            value[1:-1].replace("'", "''") if value[0] == "'" else value[1:-1].replace('"', '\\"')
        )
        return "quote inside a quoted string", at, f"{value[0]}{inner}{value[0]}"
    if value[0] in _SPECIAL:
        shown = "a backtick" if value[0] == "`" else f"`{value[0]}`"
        return f"an unquoted string cannot begin with {shown}", 0, quoted
    if value[0] not in _CLOSERS and (": " in value or value.endswith(":")):
        return "`: ` in an unquoted string", value.find(":"), quoted
    return "", 0, ""


def _wrong_indentation(lines: list[str], index: int) -> Iterator[Slip]:
    """Find a key or an item that is indented like nothing above it."""
    line = lines[index]
    text = line.lstrip(" ")
    indent = len(line) - len(text)
    blocks = _blocks(lines[:index])
    named = _ENTRY.match(text) or _ITEM.match(text)
    if not named or not blocks:
        return
    what = f"`{named['key']}`" if "key" in named.groupdict() else "this item"
    message = f"wrong indentation: {what} is indented by {_spaces(indent)}"
    for other in sorted(blocks, key=lambda other: (abs(other - indent), -other)):
        if other != indent:
            others = [f"{n} {blocks[n]}" for n in sorted(blocks, reverse=True) if n != other]
            hint = f"indent it by {other} {blocks[other]}"
            hint += f"; other blocks have {', '.join(others)}" if others else ""
            yield Slip(message, hint, 0, max(indent, 1), " " * other + text)


def unclosed(text: str) -> int:
    """Return where the first bracket is that nothing closes, or another one does, or -1."""
    opened, is_mixed = _open_brackets(_without_texts(text))
    return (opened[-1] if is_mixed else opened[0]) if opened else -1


def _open_brackets(blank: str) -> tuple[list[int], bool]:
    """Return where brackets are open at the end, or where another one closes the last of them."""
    opened: list[int] = []
    for at, character in enumerate(blank):
        before = blank[at - 1 : at]
        if character in _CLOSERS and (opened or not before.strip() or before in "[{,:"):
            opened.append(at)
        elif opened and character in _CLOSERS.values():
            if character != _CLOSERS[blank[opened[-1]]]:
                return opened, True
            opened.pop()
    return opened, False


def _without_texts(text: str) -> str:
    """Return a line with spaces in place of quoted strings and comments."""
    return _TEXT.sub(lambda found: " " * len(found.group()), text)


def _spaces(number: int) -> str:
    return f"{number} space{'' if number == 1 else 's'}"


def _blocks(above: list[str]) -> dict[int, str]:
    """Return the blocks that are open after some lines: the indentation and the name of each."""
    found: dict[int, str] = {}
    names: dict[int, str] = {}
    for line in above:
        entry = _ENTRY.match(line)
        dashes = re.match(r"\s*(?:- +)+", line)
        if not entry and not dashes:
            continue
        indent = len(line) - len(line.lstrip(" "))
        found = {n: name for n, name in found.items() if n <= indent}
        owner = max((n for n in names if n < indent), default=min(names, default=0))
        found.setdefault(indent, f"in {names[owner]}" if names and indent else "at the top level")
        if dashes:
            found[dashes.end()] = f"in the item of {names.get(owner, 'the list')}"
        if entry:
            at = len(entry["lead"])
            names = {n: name for n, name in names.items() if n < at} | {at: f"`{entry['key']}`"}
    return found


def _stray_dash(lines: list[str], index: int) -> Iterator[Slip]:
    """Find an item of a list among the keys of a mapping."""
    found = re.match(r"(\s*)- +", lines[index])
    if found:
        at = len(found[1])
        mended = found[1] + lines[index][found.end() :]
        yield Slip(
            "`-` begins an item of a list among the keys of a mapping",
            "leave out the `- `, or indent the item below the key of its list",
            at,
            at + 1,
            mended,
        )


def _foreign_comment(lines: list[str], index: int) -> Iterator[Slip]:
    """Find a comment of another language."""
    found = re.match(r"\s*(//|/\*|--|;|%)", lines[index])
    if found:
        message = f"`{found[1]}` begins no comment in YAML"
        yield Slip(message, "comments begin with `#`", *found.span(1), "#")


def _double_comma(lines: list[str], index: int) -> Iterator[Slip]:
    """Find two commas in a row outside of strings."""
    found = re.search(r",(\s*,)", _without_texts(lines[index]))
    if found:
        repaired = lines[index][: found.start(1)] + lines[index][found.end() :]
        yield Slip("two commas in a row", "remove one of them", *found.span(1), repaired)


DETECTORS: Final[tuple[Detector, ...]] = (
    _foreign_comment,
    _double_comma,
    _missing_colon,
    _unclosed_quote,
    _unclosed_bracket,
    _unquoted_value,
    _wrong_indentation,
    _stray_dash,
)
"""The likeliest first."""
