"""The engine of rules about definitions, which `lint` and `breaking` share.

A rule looks at a subject, such as a definition or two states of one, and iterates over findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Generic, Protocol, TypeVar

from arctic_training.diagnostics import Diagnostic, Related, Severity, Span
from arctic_training.diagnostics.diagnostic import Page

__all__ = ["Finding", "Fix", "Rule", "apply_rules", "rules_by_name"]

SubjectT = TypeVar("SubjectT")
RuleT = TypeVar("RuleT", bound="_Named")


class _Named(Protocol):
    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Fix:
    """A replacement for a stretch of a file."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A place where a rule does not hold; ``fix`` does not change what the definition means."""

    message: str
    span: Span
    related: tuple[Related, ...] = ()
    note: str = ""
    help: str = ""
    suggestion: str = ""
    fix: Fix | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[SubjectT]):
    """A rule about a subject; ``summary`` is one sentence."""

    page: ClassVar[Page] = "diagnostics"
    """The reference page that describes the rule."""

    name: str
    summary: str
    severity: Severity = Severity.ERROR
    find: Callable[[SubjectT], Iterator[Finding]] | None = field(default=None, repr=False)
    """Iterates over findings; None for a rule about something outside the subject."""

    def diagnostic(self, finding: Finding) -> Diagnostic:
        """Return a finding as a diagnostic with the name of the rule as its code."""
        return Diagnostic(
            code=self.name,
            message=finding.message,
            span=finding.span,
            severity=self.severity,
            related=finding.related,
            note=finding.note or self.default_note,
            help=finding.help,
            page=self.page,
            suggestion=finding.suggestion,
        )

    @property
    def default_note(self) -> str:
        """The note of a finding that has none."""
        return ""


def apply_rules(
    rules: Iterable[Rule[SubjectT]], subject: SubjectT
) -> Iterator[tuple[Diagnostic, Fix | None]]:
    """Iterate over the findings of some rules about a subject, each with its fix."""
    for rule in rules:
        if rule.find:
            for finding in rule.find(subject):
                yield rule.diagnostic(finding), finding.fix


def rules_by_name(*groups: Iterable[RuleT]) -> dict[str, RuleT]:
    """Return rules by their names, in the order in which they are documented."""
    return {rule.name: rule for group in groups for rule in group}
