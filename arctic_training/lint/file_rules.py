"""Rules about the file of a definition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from arctic_training.definition.editor_schema import is_schema_there, named_schema, schema_place
from arctic_training.definition.rules import Finding, Fix
from arctic_training.diagnostics import Source, Span
from arctic_training.lint.rule import Example, LintRule, LintSubject

__all__ = ["FILE_RULES"]

_LINE: Final = "# yaml-language-server: $schema=generated/trainer.schema.json\n"
_HEAD: Final = "schema_version: 1\nname: mine\ndescription: A trainer of our own.\nextends: sft\n"


def _without_schema(subject: LintSubject) -> Iterator[Finding]:
    source = subject.source
    if source.path.endswith(".json") or named_schema(source.text):
        return
    place = schema_place(subject.loaded.path, subject.loaded.project)
    yield Finding(
        message="no comment tells an editor the schema of this file",
        span=source.line(1),
        help="with it, keys are completed, explained and checked while they are typed",
        fix=Fix(source.start(), f"# yaml-language-server: $schema={place}\n"),
    )


def _lost_schema(subject: LintSubject) -> Iterator[Finding]:
    source, path, project = subject.source, subject.loaded.path, subject.loaded.project
    if (named := named_schema(source.text)) is None:
        return
    place = source.text[slice(*named)]
    if not is_schema_there(path, place, project):
        span = _stretch(source, *named)
        yield Finding(
            message=f"there is no schema `{place}`",
            span=span,
            help="a definition that is moved or copied names the schema by another path",
            suggestion=schema_place(path, project),
            fix=Fix(span, schema_place(path, project)),
        )


def _stretch(source: Source, start: int, end: int) -> Span:
    """Return a stretch of one line of the source."""
    line = source.text.count("\n", 0, start) + 1
    column = start - source.text.rfind("\n", 0, start)
    return Span(source, line, column, line, column + end - start)


FILE_RULES: Final = (
    LintRule(
        name="missing-schema-line",
        summary="A definition tells editors its schema.",
        reason="An editor then completes keys, shows what they mean and underlines what is wrong. "
        "`--fix` writes the line.",
        bad=Example(_HEAD),
        good=Example(_LINE + _HEAD),
        is_fixable=True,
        find=_without_schema,
    ),
    LintRule(
        name="lost-schema",
        summary="The schema that a definition names to editors is there.",
        reason="A definition that is moved or copied takes the path of the schema along, and "
        "editors help no more. `--fix` writes the path from its current folder.",
        bad=Example(_LINE.replace("generated", "../elsewhere") + _HEAD),
        good=Example(_LINE + _HEAD),
        is_fixable=True,
        find=_lost_schema,
    ),
)
"""The rules about files."""
