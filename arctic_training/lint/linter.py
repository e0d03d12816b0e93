"""The rules applied to definitions, less what their authors ignore or a baseline lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from arctic_training.definition.rules import Fix, apply_rules
from arctic_training.definition.stages import Loaded
from arctic_training.diagnostics import Diagnostic, Source
from arctic_training.lint.baseline import Baseline
from arctic_training.lint.ignores import Ignore, ignores, problems
from arctic_training.lint.rule import LintRule, LintSubject
from arctic_training.lint.rules import RULES

__all__ = ["LintReport", "lint", "term_problems"]

_TERMS: Final = ("unreturned-metric", "undeclared-term")


@dataclass(frozen=True, slots=True)
class LintReport:
    """What was found, and the fixes of a part of it."""

    findings: list[Diagnostic]
    fixes: list[Fix]


def term_problems(loaded: list[Loaded]) -> list[Diagnostic]:
    """Return where losses and definitions differ in their terms: no run gets over its first step.

    What is ignored by a comment is left out.
    """
    subjects = [LintSubject(item) for item in loaded]
    found = _found(subjects, [RULES[name] for name in _TERMS])
    kept = _less_ignored(found, _ignores(subjects)) if found else {}
    return [each for each in kept if each.code in _TERMS]


def lint(loaded: list[Loaded], baseline: Baseline | None = None) -> LintReport:
    """Apply every rule to right definitions of one or of several projects."""
    subjects = [LintSubject(item) for item in loaded]
    found = _less_ignored(_found(subjects, [*RULES.values()]), _ignores(subjects))
    findings = [*found]
    if baseline:
        looked_at = {Path(source.path).resolve() for source in _sources(subjects)}
        rule = RULES["stale-baseline"]
        stale = [rule.diagnostic(each) for each in baseline.stale(findings, looked_at)]
        findings = [*baseline.new(findings), *stale]
    return LintReport(findings, [fix for each in findings if (fix := found.get(each))])


def _found(subjects: list[LintSubject], rules: Sequence[LintRule]) -> dict[Diagnostic, Fix | None]:
    """Return where definitions break rules, with their fixes."""
    return dict(each for subject in subjects for each in apply_rules(rules, subject))


def _ignores(subjects: list[LintSubject]) -> list[Ignore]:
    return [ignore for source in _sources(subjects) for ignore in ignores(source)]


def _sources(subjects: list[LintSubject]) -> Iterable[Source]:
    """Return the texts in which there may be ignores: the definitions, the user's code."""
    sources: dict[str, Source] = {}
    for subject in subjects:
        sources[subject.source.path] = subject.source
        for function in subject.reader.visited.values() if subject.reader else ():
            if function.module.path.is_relative_to(subject.loaded.project.root):
                sources[function.module.source.path] = function.module.source
    return sources.values()


def _less_ignored(
    found: dict[Diagnostic, Fix | None], ignored: list[Ignore]
) -> dict[Diagnostic, Fix | None]:
    """Return the findings that no comment suppresses, and those about the comments."""
    kept = dict(found)
    for ignore in ignored:
        own = [each for each in found if each.span.source.path == ignore.comment.source.path]
        taken = [each for each in own if ignore.holds_for(each)]
        for name, finding in problems(ignore, {each.code for each in taken}, RULES.keys()):
            kept[RULES[name].diagnostic(finding)] = finding.fix
        for each in taken:
            kept.pop(each, None)
    return kept
