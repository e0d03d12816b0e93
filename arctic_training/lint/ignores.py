"""Findings that their author has looked at: comments such as `# arctic: ignore[rule] reason`.

A comment holds for its own line, or, alone on a line, for the next line that is not a comment.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from arctic_training.definition.rules import Finding, Fix
from arctic_training.diagnostics import Diagnostic, Severity, Source, Span, known_words, nearest
from arctic_training.document import comments
from arctic_training.lint.rule import Example, LintRule

__all__ = ["IGNORE_RULES", "Ignore", "ignores", "problems"]

_MARK: Final = re.compile(r"#\s*arctic:\s*ignore\b(?P<rules>\[[^\]]*\])?(?P<reason>.*)")
_WORD: Final = re.compile(r"[^\s,\[\]]+")


@dataclass(frozen=True, slots=True)
class Ignore:
    """A comment that suppresses the findings of some rules on a line."""

    comment: Span
    line: int
    rules: tuple[tuple[str, Span], ...]
    reason: str

    def holds_for(self, found: Diagnostic) -> bool:
        """Return whether it suppresses a finding of its file."""
        return found.span.line == self.line and found.code in dict(self.rules)


def ignores(source: Source) -> Iterator[Ignore]:
    """Iterate over the comments of a definition or a Python file that suppress findings."""
    for comment in _comments(source):
        line = source.lines[comment.line - 1]
        if not (mark := _MARK.match(line, comment.column - 1)):
            continue
        rules = mark["rules"] or ""
        yield Ignore(
            comment,
            _line_meant(source, comment),
            tuple(
                (word[0], _part(comment, mark.start("rules") + word.start(), len(word[0])))
                for word in _WORD.finditer(rules)
            ),
            mark["reason"].strip(" \t:-"),
        )


def problems(
    ignore: Ignore, used: Collection[str], known: Collection[str]
) -> Iterator[tuple[str, Finding]]:
    """Iterate over what is wrong with an ignore, each with the name of its rule.

    Args:
        ignore: the comment.
        used: the rules of which it takes a finding back.
        known: all rules that there are.

    """
    if not ignore.rules:
        message = "the ignore does not say which rule"
        hint = "write `# arctic: ignore[rule] reason`"
        yield _UNKNOWN, Finding(message=message, span=ignore.comment, help=hint)
    elif not ignore.reason:
        message = "the ignore has no reason"
        hint = "say after the `]` why the rule does not hold here"
        yield _UNEXPLAINED, Finding(message=message, span=ignore.comment, help=hint)
    for name, span in ignore.rules:
        if name not in known:
            meant = nearest(name, known)
            hint = "" if meant else f"known here: {known_words(known)}"
            message = f"there is no rule `{name}`"
            yield _UNKNOWN, Finding(message=message, span=span, help=hint, suggestion=meant)
        elif name not in used:
            message = f"nothing is found here by the rule `{name}`"
            yield _UNUSED, Finding(message=message, span=span, fix=_without(ignore, name))


def _comments(source: Source) -> Iterator[Span]:
    if not source.path.endswith(".py"):
        yield from comments(source)
        return
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            (line, column), (_, end) = token.start, token.end
            yield Span(source, line, column + 1, line, end + 1)


def _line_meant(source: Source, comment: Span) -> int:
    line = comment.line
    while source.lines[line - 1].lstrip().startswith("#") and line < len(source.lines):
        line += 1
    return line


def _part(comment: Span, start: int, length: int) -> Span:
    line = comment.line
    return Span(comment.source, line, start + 1, line, start + length + 1)


def _without(ignore: Ignore, name: str) -> Fix:
    """Take a rule out of a comment, and the comment with its last rule."""
    comment = ignore.comment
    line = comment.source.lines[comment.line - 1]
    if others := [each for each, _ in ignore.rules if each != name]:
        listed = f"[{', '.join(others)}]"
        text = re.sub(r"\[[^\]]*\]", lambda _: listed, line[comment.column - 1 :], count=1)
        return Fix(comment, text)
    before = line[: comment.column - 1].rstrip()
    if before:
        return Fix(
            Span(comment.source, comment.line, len(before) + 1, comment.line, len(line) + 1), ""
        )
    return Fix(_with_its_end(comment.source, comment.line), "")


def _with_its_end(source: Source, number: int) -> Span:
    """Return the span of one whole line and of what ends it; nothing ends the last."""
    is_last = number == len(source.lines)
    return source.line(number) if is_last else Span(source, number, 1, number + 1, 1)


_UNKNOWN: Final = "unknown-ignore"
_UNEXPLAINED: Final = "unexplained-ignore"
_UNUSED: Final = "unused-ignore"


def _example(comment: str, limits: str = "") -> Example:
    field = f"    top_ratio: {{type: number, {limits}default: 0.1, description: Share.}}"
    return Example(f"config_type:\n  properties:\n{field}{comment}\n")


_RANGE: Final = "minimum: 0, maximum: 1, "
_REASON: Final = "  # arctic: ignore[share-without-range] above 1 it repeats samples"

IGNORE_RULES: Final = (
    LintRule(
        name=_UNEXPLAINED,
        severity=Severity.ERROR,
        summary="An ignore has a reason.",
        reason="Whoever reads it next has to know whether it still holds.",
        bad=_example("  # arctic: ignore[share-without-range]"),
        good=_example(_REASON),
    ),
    LintRule(
        name=_UNUSED,
        severity=Severity.ERROR,
        summary="An ignore takes something back.",
        reason="One that does not hides what comes up later. `--fix` takes it out.",
        bad=_example(_REASON, _RANGE),
        good=_example("", _RANGE),
        is_fixable=True,
    ),
    LintRule(
        name=_UNKNOWN,
        severity=Severity.ERROR,
        summary="An ignore names rules that there are.",
        reason="A mistyped one suppresses nothing, and one without a rule would suppress all.",
        bad=_example("  # arctic: ignore[share-without-rage] above 1 it repeats samples", _RANGE),
        good=_example(_REASON),
    ),
)
"""The rules about comments that take findings back."""
