"""Violations of a schema, explained, each at its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from jsonschema_rs import ValidationError
from jsonschema_rs import ValidationErrorKind as Kind

from arctic_training.diagnostics import Diagnostic, nearest
from arctic_training.diagnostics.limit import MOST_ALIKE
from arctic_training.document.edits import Rename, renamed
from arctic_training.document.node import MapNode, Node, Pointer, find, key_span, plain, value_span
from arctic_training.document.value_names import as_written, in_words
from arctic_training.validation.explain import wrong_value
from arctic_training.validation.former_names import name_problems, with_names
from arctic_training.validation.key_locations import known_keys
from arctic_training.validation.misplaced import by_cause
from arctic_training.validation.proposals import section_instead
from arctic_training.validation.prune import pruned
from arctic_training.validation.schema import Schema, Subschema, with_numbers
from arctic_training.validation.unions import Branch, allowed_beside, meant, types_of
from arctic_training.validation.unknown_keys import KeyFinder
from arctic_training.validation.violation import Violation

__all__ = ["check", "check_and_prune", "completed", "joined"]

_MOST_RENAMES: Final = 4
"""Maximum depth of mistyped keys that are read as what was meant."""


def check(node: Node, schema: Schema) -> list[Diagnostic]:
    """Return all violations of a schema; for a value of a wrong type, only that.

    Deprecated keys and former names are warnings. One cause is one finding.

    A subschema may carry ``x-code``, ``x-message`` and ``x-hint`` for what breaks it, and under
    ``x-planned`` the keys that are not built yet, each with what to do instead.
    """
    document = completed(node, schema)
    errors = list(schema.errors(plain(document)))
    problems = [*name_problems(node, schema)]
    return [*problems, *_findings(document, schema, errors)[0]] if errors else problems


def check_and_prune(node: Node, schema: Schema) -> tuple[Node, list[Diagnostic]]:
    """Return what a schema admits of a document, and all of its violations.

    A mistyped key is read as the one that was meant, so that what is below it is checked too.
    """
    problems = dict.fromkeys(name_problems(node, schema))
    document = completed(node, schema)
    for _ in range(_MOST_RENAMES):
        if not (errors := list(schema.errors(plain(document)))):
            return document, list(problems)
        found, meant = _findings(document, schema, errors)
        problems |= dict.fromkeys(found)
        if not meant:
            break
        document = renamed(document, meant)
    return pruned(document, schema.errors(plain(document))), list(problems)


def _findings(
    document: Node, schema: Schema, errors: list[ValidationError]
) -> tuple[list[Diagnostic], list[Rename]]:
    """Return what is wrong with a document, and the keys that were meant by unknown ones."""
    reader = _Reader(document, schema, KeyFinder(document, schema))
    found: list[Violation] = []
    for error in _without_mistyped(errors):
        found += reader.violations(error)
    causes = by_cause(found, document, schema)
    meant = {
        (*each.pointer[:-1], each.diagnostic.suggestion): Rename(
            each.pointer, each.diagnostic.suggestion
        )
        for each in causes
        if each.kind == "unknown" and each.diagnostic.suggestion
    }
    renames = [rename for way, rename in meant.items() if find(document, way) is None]
    return [*(each.diagnostic for each in causes), *reader.remainders()], renames


def completed(node: Node, schema: Schema) -> Node:
    """Return a document with today's names, and with human-readable numbers converted."""
    return with_numbers(with_names(node, schema), schema)


def joined(known: list[Diagnostic], found: list[Diagnostic]) -> list[Diagnostic]:
    """Return both, without what was found where the text itself is known to be wrong."""
    places = {problem.span for problem in known}
    return [*known, *(problem for problem in found if problem.span not in places)]


@dataclass
class _Reader:
    """Explains the errors of one document, the first of each kind in each section."""

    document: Node
    schema: Schema
    finder: KeyFinder
    seen: Counter[tuple[Pointer, str]] = field(default_factory=Counter)
    first_left: dict[tuple[Pointer, str], Pointer] = field(default_factory=dict)

    def violations(self, error: ValidationError) -> Iterator[Violation]:
        pointer: Pointer = tuple(error.instance_path)
        if isinstance(error.kind, Kind.AdditionalProperties):
            applying = self.schema.at(self.document, pointer)
            for key in error.kind.unexpected:
                if self._counts((*pointer, key), "unknown key"):
                    yield self.finder.unknown_key((*pointer, key), applying)
        elif self._counts(pointer, type(error.kind).__name__):
            yield from self._explained(error, pointer, self.schema.at(self.document, pointer))

    def remainders(self) -> Iterator[Diagnostic]:
        """Count what was not explained."""
        for (section, kind), number in self.seen.items():
            if (left := number - MOST_ALIKE) > 0:
                pointer = self.first_left[section, kind]
                is_key = kind == "unknown key"
                what = "unknown keys" if is_key else "errors of the same kind"
                place = key_span if is_key else value_span
                yield Diagnostic(
                    code="too-many",
                    message=f"and {left:,} more {what} from here on",
                    span=place(self.document, pointer),
                )

    def _counts(self, pointer: Pointer, kind: str) -> bool:
        group = (pointer[:-1], kind)
        self.seen[group] += 1
        if self.seen[group] > MOST_ALIKE:
            self.first_left.setdefault(group, pointer)
            return False
        return True

    def _explained(
        self, error: ValidationError, pointer: Pointer, applying: list[Subschema]
    ) -> Iterator[Violation]:
        match error.kind:
            case Kind.Required(property=key):
                if not _is_mistyped(str(key), find(self.document, pointer), applying):
                    found = _missing_key(str(key), pointer, self.document, applying)
                    yield Violation("missing", (*pointer, str(key)), found)
            case Kind.PropertyNames(error=inner):
                place = key_span(self.document, (*pointer, str(inner.instance)))
                rules = self.schema.for_keys(self.document, pointer)
                yield Violation("value", pointer, wrong_value(inner, place, rules))
            case Kind.AnyOf(context=branches) | Kind.OneOfNotValid(context=branches):
                yield from self._of_union(error, branches)
            case _:
                yield Violation("value", pointer, self._wrong_value(error, pointer, applying))

    def _of_union(self, error: ValidationError, branches: list[Branch]) -> Iterator[Violation]:
        pointer: Pointer = tuple(error.instance_path)
        node, span = find(self.document, pointer), value_span(self.document, pointer)
        if types := types_of(branches, error):
            message = f"expected {in_words(types)}, found {as_written(node, error.instance)}"
            yield Violation(
                "value", pointer, Diagnostic(code="wrong-type", message=message, span=span)
            )
            return
        chosen = meant(branches, error)
        others = allowed_beside(branches, chosen)
        for inner in _without_mistyped(chosen):
            for found in self.violations(inner):
                yield _with_others(found, others) if found.pointer == pointer else found

    def _wrong_value(
        self, error: ValidationError, pointer: Pointer, applying: list[Subschema]
    ) -> Diagnostic:
        is_type = isinstance(error.kind, Kind.Type)
        instead = section_instead(error, pointer, self.document, self.schema) if is_type else ""
        node, span = find(self.document, pointer), value_span(self.document, pointer)
        return wrong_value(error, span, applying, node=node, otherwise=instead)


def _without_mistyped(errors: list[ValidationError]) -> Iterator[ValidationError]:
    """Iterate over errors; for a value of a wrong type, over no others."""
    mistyped = {tuple(each.instance_path) for each in errors if isinstance(each.kind, Kind.Type)}
    for error in errors:
        if isinstance(error.kind, Kind.Type) or tuple(error.instance_path) not in mistyped:
            yield error


def _with_others(violation: Violation, others: list[str]) -> Violation:
    """Add the words that a union lets through beside what was meant."""
    found = violation.diagnostic
    if not others or found.suggestion or found.help:
        return violation
    hint = f"allowed as well: {', '.join(others)}"
    return replace(violation, diagnostic=replace(found, help=hint))


def _is_mistyped(key: str, parent: Node | None, applying: list[Subschema]) -> bool:
    """Return whether a missing key is there under a name that is reported to mean it.

    That is so where no other keys are allowed: without its tag, an object may yet be any.
    """
    if not any(rule.get("additionalProperties") is False for rule in applying):
        return False
    known = known_keys(applying)
    given = parent.entries if isinstance(parent, MapNode) else {}
    return any(nearest(other, known) == key for other in given if other not in known)


def _missing_key(key: str, pointer: Pointer, node: Node, applying: list[Subschema]) -> Diagnostic:
    described = [
        str(rule["description"])
        for subschema in applying
        if isinstance(properties := subschema.get("properties"), dict)
        and isinstance(rule := properties.get(key), dict)
        and "description" in rule
    ]
    span = key_span(node, pointer) if pointer else value_span(node, pointer)
    return Diagnostic(
        code="missing-key",
        message=f"`{key}` is missing",
        span=span,
        note=f"{key}: {described[0]}" if described else "",
    )
