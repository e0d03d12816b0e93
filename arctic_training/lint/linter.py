"""The rules applied to definitions, less what their authors ignore or a baseline lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from arctic_training.definition.stages import Loaded
from arctic_training.diagnostics import Diagnostic, Source
from arctic_training.lint.baseline import Baseline
from arctic_training.lint.ignores import Ignore, ignores, problems
from arctic_training.lint.rule import Edit, Rule, Subject
from arctic_training.lint.rules import RULES

__all__ = ["Report", "lint", "term_problems"]

_TERMS: Final = ("unreturned-metric", "undeclared-term")


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, and the edits that mend a part of it."""

    findings: list[Diagnostic]
    edits: list[Edit]


def term_problems(loaded: list[Loaded]) -> list[Diagnostic]:
    """Return where losses and definitions differ in their terms: no run gets over its first step.

    What is ignored by a comment is left out.
    """
    subjects = [Subject(item) for item in loaded]
    found = _found(subjects, [RULES[name] for name in _TERMS])
    kept = _less_ignored(found, _ignores(subjects)) if found else {}
    return [each for each in kept if each.code in _TERMS]


def lint(loaded: list[Loaded], baseline: Baseline | None = None) -> Report:
    """Apply every rule to right definitions of one or of several projects."""
    subjects = [Subject(item) for item in loaded]
    found = _less_ignored(_found(subjects, RULES.values()), _ignores(subjects))
    findings = [*found]
    if baseline:
        looked_at = {Path(source.path).resolve() for source in _sources(subjects)}
        rule = RULES["stale-baseline"]
        stale = [rule.diagnostic(each) for each in baseline.stale(findings, looked_at)]
        findings = [*baseline.new(findings), *stale]
    return Report(findings, [edit for each in findings if (edit := found.get(each))])


def _found(subjects: list[Subject], rules: Iterable[Rule]) -> dict[Diagnostic, Edit | None]:
    """Return where definitions break rules, with what mends it."""
    return {
        rule.diagnostic(finding): finding.edit
        for subject in subjects
        for rule in rules
        if rule.find
        for finding in rule.find(subject)
    }


def _ignores(subjects: list[Subject]) -> list[Ignore]:
    return [ignore for source in _sources(subjects) for ignore in ignores(source)]


def _sources(subjects: list[Subject]) -> Iterable[Source]:
    """Return the texts in which there may be ignores: the definitions, the user's code."""
    sources: dict[str, Source] = {}
    for subject in subjects:
        sources[subject.source.path] = subject.source
        for function in subject.reader.visited.values() if subject.reader else ():
            if function.module.path.is_relative_to(subject.loaded.project.root):
                sources[function.module.source.path] = function.module.source
    return sources.values()


def _less_ignored(
    found: dict[Diagnostic, Edit | None], ignored: list[Ignore]
) -> dict[Diagnostic, Edit | None]:
    """Return what no comment takes back, and what is wrong with the comments."""
    kept = dict(found)
    for ignore in ignored:
        own = [each for each in found if each.span.source.path == ignore.comment.source.path]
        taken = [each for each in own if ignore.holds_for(each)]
        for name, finding in problems(ignore, {each.code for each in taken}, RULES.keys()):
            kept[RULES[name].diagnostic(finding)] = finding.edit
        for each in taken:
            kept.pop(each, None)
    return kept
