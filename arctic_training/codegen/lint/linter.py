"""The rules applied to definitions, less what their authors ignore or a baseline lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from arctic_training.codegen.definitions import Loaded
from arctic_training.codegen.lint.baseline import Baseline
from arctic_training.codegen.lint.ignores import Ignore, ignores, problems
from arctic_training.codegen.lint.rule import Edit, Subject
from arctic_training.codegen.lint.rules import RULES
from arctic_training.diagnostics import Diagnostic, Source

__all__ = ["Report", "lint", "term_problems"]

_TERMS: Final = {"unreturned-metric", "undeclared-term"}


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, and the edits that mend a part of it."""

    findings: list[Diagnostic]
    edits: list[Edit]


def term_problems(loaded: list[Loaded]) -> list[Diagnostic]:
    """Return where losses and definitions differ in their terms: no run gets over its first step.

    What is ignored by a comment is left out.
    """
    return [each for each in lint(loaded).findings if each.code in _TERMS]


def lint(loaded: list[Loaded], baseline: Baseline | None = None) -> Report:
    """Apply every rule to right definitions of one or of several projects."""
    subjects = [Subject(item) for item in loaded]
    found: dict[Diagnostic, Edit | None] = {}
    for subject in subjects:
        for rule in RULES.values():
            for finding in rule.find(subject) if rule.find else ():
                found[rule.diagnostic(finding)] = finding.edit
    sources = {source.path: source for subject in subjects for source in _sources(subject)}
    found = _less_ignored(found, [i for source in sources.values() for i in ignores(source)])
    findings = [*found]
    if baseline:
        looked_at = {Path(path).resolve() for path in sources}
        rule = RULES["stale-baseline"]
        stale = [rule.diagnostic(each) for each in baseline.stale(findings, looked_at)]
        findings = [*baseline.new(findings), *stale]
    return Report(findings, [edit for each in findings if (edit := found.get(each))])


def _sources(subject: Subject) -> Iterator[Source]:
    """Iterate over the texts in which there may be ignores: the definition, the user's code."""
    yield subject.source
    for function in subject.reader.visited.values() if subject.reader else ():
        if function.module.path.is_relative_to(subject.loaded.project.root):
            yield function.module.source


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
