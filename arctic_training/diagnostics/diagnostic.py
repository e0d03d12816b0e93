"""Findings about documents: place, message and remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final, Literal, TypeAlias

__all__ = ["Diagnostic", "Page", "Related", "Severity", "Source", "Span", "has_errors", "in_order"]

_LINE_END: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""Line ends, as the YAML parser counts them."""


Page: TypeAlias = Literal["breaking", "diagnostics", "lint"]
"""A reference page with a section for each of its codes."""


class Severity(StrEnum):
    """Severity of a finding. Only an error stops the command."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Source:
    """A source text, and its path as shown to the user."""

    path: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the text, without their ends."""
        return _LINE_END.split(self.text)

    @cached_property
    def starts(self) -> list[int]:
        """Where each line begins in the text."""
        return [0, *(end.end() for end in _LINE_END.finditer(self.text))]

    def start(self) -> Span:
        """Return the empty span at the beginning of the text."""
        return Span(self, 1, 1, 1, 1)

    def line(self, number: int) -> Span:
        """Return the span of one whole line, counted from 1."""
        return Span(self, number, 1, number, len(self.lines[number - 1]) + 1)


@dataclass(frozen=True, slots=True)
class Span:
    """A span of a source. Lines and columns count from 1, in characters; the end is exclusive."""

    source: Source
    line: int
    column: int
    end_line: int
    end_column: int

    @property
    def stretch(self) -> slice:
        """Where it is in the text, in characters from 0."""
        starts = self.source.starts
        begin = starts[self.line - 1] + self.column - 1
        return slice(begin, starts[self.end_line - 1] + self.end_column - 1)

    @property
    def text(self) -> str:
        """The text of the span."""
        return self.source.text[self.stretch]

    def __str__(self) -> str:
        return f"{self.source.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Related:
    """A second place that explains the finding, such as "first set here"."""

    message: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding.

    ``code`` is stable and in kebab case. ``suggestion`` is the text to put at ``span`` instead,
    where there is a likely one. ``note`` explains, ``help`` proposes, and ``paste`` is code to put
    where ``help`` says. ``page`` is the reference page that has a section for the code.
    """

    code: str
    message: str
    span: Span
    severity: Severity = Severity.ERROR
    related: tuple[Related, ...] = ()
    note: str = ""
    help: str = ""
    suggestion: str = ""
    paste: str = ""
    page: Page = "diagnostics"

    @property
    def sentence(self) -> str:
        """The message, with the likely word that was meant."""
        meant = f"; did you mean `{self.suggestion}`?" if self.suggestion else ""
        return self.message + meant

    @property
    def docs(self) -> str:
        """The section about the code in the documentation, as a path in the repository."""
        return f"docs/reference/{self.page}.md#{self.code}"


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Return whether any finding is an error."""
    return any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics)


def in_order(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """Sort by file and position, and leave out exact repetitions."""
    unique = dict.fromkeys(diagnostics)
    return sorted(
        unique, key=lambda d: (d.span.source.path, d.span.line, d.span.column, d.code, d.message)
    )
