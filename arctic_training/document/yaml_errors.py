"""Syntax errors of YAML, at the line of the mistake."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

import yaml

from arctic_training.diagnostics import Diagnostic, Source, Span
from arctic_training.document.yaml_slips import DETECTORS, Slip, unclosed

__all__ = ["LOADER", "inside", "no_character", "syntax_error"]

LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_CONFLICT: Final = re.compile(r"(<{7}|={7}|>{7}|\|{7})( |$)")
_TAB: Final = re.compile(r" *(\t+)")
_ESCAPE: Final = re.compile(r"\\(?:u[0-9a-fA-F]{0,4}|x[0-9a-fA-F]{0,2}|.)?")
_EXPECTED: Final = {
    "flow mapping": "`,` or `}` in a mapping",
    "flow sequence": "`,` or `]` in a list",
    "flow node": "a value",
    "block node": "a value",
    "block mapping": "a key of the mapping",
    "block collection": "an item of the list, beginning with `- `",
}
"""Expected text, by the construct that the parser was in."""

_LOOKED_BACK: Final = 10
"""Lines above the one where the parser stopped in which the slip may be."""

_LONGEST_TRIED: Final = 200_000
"""Size up to which repairs are tried, in characters: each is parsed again."""

_NOWHERE: Final = 1 << 30


def syntax_error(source: Source, error: yaml.YAMLError) -> Diagnostic:
    """Return the syntax error of a document that the parser refuses."""
    if isinstance(error, yaml.reader.ReaderError):
        wrong = yaml.reader.Reader.NON_PRINTABLE.search(source.text)
        return no_character(source, wrong.start() if wrong else 0)
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Diagnostic(code="yaml-syntax", message=str(error), span=source.start())
    return (
        _certain(source, error)
        or _in_quotes(source, error)
        or _mended(source, error)
        or _as_parsed(source, error)
    )


def no_character(source: Source, position: int) -> Diagnostic:
    """Return that a character is allowed nowhere in YAML."""
    before = Source(source.path, source.text[:position]).lines
    line, column = len(before), len(before[-1]) + 1
    shown = f"U+{ord(source.text[position]):04X}" if position < len(source.text) else ""
    return Diagnostic(
        code="yaml-syntax",
        message=f"the character {shown} is not allowed in YAML",
        span=Span(source, line, column, line, column + 1),
        help="remove it",
    )


def inside(span: Span) -> Span:
    """Move a place behind the last line, where the parser noticed the end, to that line's end."""
    source = span.source
    line = len(source.lines)
    while line > 1 and not source.lines[line - 1].strip():
        line -= 1
    if span.line <= line:
        return span
    column = len(source.lines[line - 1]) + 1
    return Span(source, line, column, line, column + 1)


def _certain(source: Source, error: yaml.MarkedYAMLError) -> Diagnostic | None:
    """Return what needs no trial: marks of a merge, and tabs where indentation counts."""
    for number in _suspects(source, error):
        line = source.lines[number - 1]
        if found := _CONFLICT.match(line):
            message, hint = "unresolved merge conflict", "keep one side and remove the marks"
            return _at(source, number, *found.span(1), message, hint)
        if (found := _TAB.match(line)) and "tab" in f"{error.problem} {_at_tab(source, error)}":
            message = "tabs are not allowed in indentation"
            return _at(source, number, *found.span(1), message, "indent with spaces")
    return None


def _at_tab(source: Source, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    line = source.lines[mark.line] if mark and mark.line < len(source.lines) else ""
    return "tab" if mark and _TAB.match(line) else ""


def _in_quotes(source: Source, error: yaml.MarkedYAMLError) -> Diagnostic | None:
    """Return what is wrong with an escape in a string in double quotes."""
    mark = error.problem_mark
    if mark is None or "escape" not in str(error.problem):
        return None
    line = source.lines[mark.line]
    found = _ESCAPE.match(line, line.rfind("\\", 0, mark.column + 1))
    shown = found.group() if found else "\\"
    hint = "double the backslash, or use single quotes, in which it is itself"
    message = f"invalid escape `{shown}` in a double-quoted string"
    if re.match(r"\\u[dD][89a-fA-F]", shown):
        message = f"`{shown}` is half of a surrogate pair: not a character"
        hint = "write the character itself, or its code as `\\U` and eight digits"
    start, end = found.span() if found else (mark.column, mark.column + 1)
    return _at(source, mark.line + 1, start, end, message, hint)


def _mended(source: Source, error: yaml.MarkedYAMLError) -> Diagnostic | None:
    """Return the first suspicion that lets the parser get further."""
    if len(source.text) > _LONGEST_TRIED:
        return None
    numbers, stopped = [*_suspects(source, error)], _stop(error)
    for detect in DETECTORS:
        for number in numbers:
            for slip in detect(source.lines, number - 1):
                reached = _reached(source, number, slip)
                if reached > stopped or (slip.swallows and number < stopped == reached):
                    return _at(source, number, slip.start, slip.end, slip.message, slip.hint)
    return None


def _suspects(source: Source, error: yaml.MarkedYAMLError) -> Iterator[int]:
    """Iterate over the numbers of the lines that may hold the slip, the likeliest first."""
    last = min(_stop(error), len(source.lines))
    yield from range(last, max(0, last - _LOOKED_BACK), -1)


def _stop(error: yaml.MarkedYAMLError) -> int:
    """Return the number of the line at which the parser gave up.

    Of a string without an end, or a key without a colon, that is where it begins.
    """
    mark = error.problem_mark
    begins = str(error.context).endswith(("a quoted scalar", "a simple key"))
    if begins and error.context_mark:
        mark = error.context_mark
    return mark.line + 1 if mark else 1


def _reached(source: Source, number: int, slip: Slip) -> int:
    """Return the number of the line at which the parser gives up without a slip."""
    if slip.repaired == source.lines[number - 1]:
        return 0
    text = "\n".join([*source.lines[: number - 1], slip.repaired, *source.lines[number:]])
    try:
        for _ in yaml.parse(text, Loader=LOADER):
            pass
    except yaml.MarkedYAMLError as error:
        return _stop(error)
    except yaml.YAMLError:
        return 0
    return _NOWHERE


def _as_parsed(source: Source, error: yaml.MarkedYAMLError) -> Diagnostic:
    """Return what the parser says, or where the bracket is that nothing closes."""
    mark, context = error.problem_mark, str(error.context)
    assert mark is not None, "whoever has no mark is not asked"
    if "flow" in context and (at := unclosed(source.text)) >= 0:
        line = bisect_right(source.starts, at)
        column = at - source.starts[line - 1]
        message = f"`{source.text[at]}` is not closed"
        return _at(source, line, column, column + 1, message, "close it at the end of its value")
    span = Span(source, mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)
    return Diagnostic(code="yaml-syntax", message=_plainly(error), span=inside(span))


def _plainly(error: yaml.MarkedYAMLError) -> str:
    """Return what the parser expected, as it is written."""
    context = str(error.context)
    if expected := next((each for part, each in _EXPECTED.items() if part in context), ""):
        return f"expected {expected}"
    return ": ".join(filter(None, (error.context, error.problem)))


def _at(  # noqa: PLR0917 - a place is three
    source: Source, number: int, start: int, end: int, message: str, hint: str
) -> Diagnostic:
    span = Span(source, number, start + 1, number, end + 1)
    return Diagnostic(code="yaml-syntax", message=message, span=span, help=hint)
