"""Rules about the file in which a definition stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from arctic_training.codegen.editor import schema_place
from arctic_training.codegen.lint.rule import Edit, Example, Finding, Rule, Subject

__all__ = ["FILE_RULES"]

_LINE: Final = re.compile(r"^#\s*yaml-language-server:\s*\$schema=", re.MULTILINE)
_HEAD: Final = "schema_version: 1\nname: mine\ndescription: A trainer of our own.\nextends: sft\n"


def _without_schema(subject: Subject) -> Iterator[Finding]:
    source = subject.source
    if source.path.endswith(".json") or _LINE.search(source.text):
        return
    place = schema_place(subject.loaded.path, subject.loaded.project)
    yield Finding(
        message="no comment tells an editor the schema of this file",
        span=source.line(1),
        hint="with it, keys are completed, explained and checked while they are typed",
        edit=Edit(source.start(), f"# yaml-language-server: $schema={place}\n"),
    )


FILE_RULES: Final = (
    Rule(
        name="missing-schema-line",
        summary="A definition tells editors its schema.",
        reason="An editor then completes keys, shows what they mean and underlines what is wrong. "
        "`--fix` writes the line.",
        bad=Example(_HEAD),
        good=Example("# yaml-language-server: $schema=../schemas/trainer.schema.json\n" + _HEAD),
        is_fixable=True,
        find=_without_schema,
    ),
)
"""The rules about files."""
