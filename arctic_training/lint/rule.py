"""What a rule is, and what it looks at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Final, TypeAlias

from arctic_training.definition.definition import Definition
from arctic_training.definition.fields.types import FieldSpec
from arctic_training.definition.importable import import_roots
from arctic_training.definition.name_clashes import models
from arctic_training.definition.rules import Finding, Rule
from arctic_training.definition.stages import Loaded
from arctic_training.diagnostics import Severity, Source, Span
from arctic_training.diagnostics.diagnostic import Page
from arctic_training.lint.modules import FunctionDefinition, Library
from arctic_training.lint.reads import Reader
from arctic_training.lint.shape import Shape
from arctic_training.project.locations import module_file

__all__ = ["Example", "Find", "LintRule", "LintSubject"]


@dataclass
class LintSubject:
    """A right definition, and the functions that it names."""

    loaded: Loaded

    @property
    def spec(self) -> Definition:
        """What the definition says."""
        return self.loaded.spec

    @property
    def source(self) -> Source:
        """The text of the definition itself, not of those that it extends or refers to."""
        return self.spec.text

    @cached_property
    def library(self) -> Library | None:
        """The modules that the trainer is made of; None while its functions are not written yet."""
        roots = import_roots(self.loaded.project)
        called = (named.path for named in self.spec.hand_written if named.role != "factory")
        if not all(module_file(path.module, roots) for path in called):
            return None
        return Library(self.spec, self.loaded.project)

    @cached_property
    def reader(self) -> Reader | None:
        """What came of following the trainer; None while its functions are not written yet."""
        if self.library is None:
            return None
        reader = Reader(self.spec, self.library, Shape.of(self.spec))
        reader.follow()
        return reader

    @cached_property
    def loss(self) -> FunctionDefinition | None:
        """The loss, where its text is there: a method of the user's class, or else a function.

        A trainer is followed for a method alone.
        """
        if self.spec.implementation and self.reader and "loss" in self.reader.methods:
            return self.reader.methods["loss"]
        found = self.library.find(self.spec.loss) if self.library and self.spec.loss else None
        return found if isinstance(found, FunctionDefinition) else None

    def fields(self) -> Iterator[FieldSpec]:
        """Iterate over the fields that this very file declares, those of objects too."""
        inner = (field for _, kind in models(self.spec.fields) for field in kind.fields)
        for each in (*self.spec.fields, *inner):
            if self.is_own(each.key):
                yield each

    def is_own(self, span: Span) -> bool:
        """Return whether something was written in this file."""
        return span.source.path == self.source.path


Find: TypeAlias = Callable[[LintSubject], Iterator[Finding]]
"""Finds where a definition breaks a rule."""


@dataclass(frozen=True, slots=True)
class Example:
    """Keys of a definition, and a loss, that keep to a rule or break it.

    ``definition`` are the keys that matter, or a whole one if it begins with a comment or version.
    """

    definition: str
    loss: str = ""

    @property
    def whole(self) -> str:
        """The whole definition."""
        if self.definition.startswith(("#", "schema_version:")):
            return self.definition
        given = set(re.findall(r"^(\w+):", self.definition, re.MULTILINE))
        lines = [line for line in _AROUND if line.partition(":")[0] not in given]
        return "".join(lines) + self.definition


_AROUND: Final = (
    "# yaml-language-server: $schema=generated/trainer.schema.json\n",
    "schema_version: 1\n",
    "name: mine\n",
    "description: A trainer of our own.\n",
    "extends: sft\n",
    "loss: mine_loss:mine_loss\n",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LintRule(Rule[LintSubject]):
    """A rule about one definition; ``reason`` says what happens to those who break it."""

    page: ClassVar[Page] = "lint"

    reason: str
    bad: Example | None = None
    good: Example | None = None
    """A definition that breaks the rule and one that keeps to it, where it is about those."""

    severity: Severity = Severity.WARNING
    is_fixable: bool = False
