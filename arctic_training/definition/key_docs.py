"""What the keys of definitions and recipes mean, in the words of their schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

from arctic_training.document import JSON, in_words
from arctic_training.document.numbers import NUMBER_PATTERN
from arctic_training.document.schema_forms import default_of, examples_of
from arctic_training.validation import Schema

__all__ = ["Meaning", "meanings"]

_Rule = dict[str, JSON]

_LIMITS: Final = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
    "multipleOf": "a multiple of",
    "minLength": "of a length of at least",
    "maxLength": "of a length of at most",
    "pattern": "of the form",
    "format": "as a",
}
"""What the keywords of a schema mean."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """A key, by the way that leads to it, and the rule that its value keeps to."""

    key: str
    rule: _Rule

    @property
    def text(self) -> str:
        """What the key means and what it takes, for people."""
        lines = [self.key, *str(self.rule.get("description", "")).strip().splitlines()]
        if value := _value(self.rule):
            lines.append(f"takes {value}")
        if default := default_of(self.rule):
            lines.append(f"default {json.dumps(default['default'])}")
        if examples := examples_of(self.rule):
            lines.append(f"such as {' or '.join(map(json.dumps, examples))}")
        return "\n  ".join(lines)


def meanings(schema: Schema) -> Iterator[Meaning]:
    """Iterate over the keys of a document, those of a section behind the section's own.

    A key that only some types of a section have shows the type, as in `model(random_llama).seed`.
    """
    yield from _below(schema.root, schema.root, "", frozenset())


def _below(rule: _Rule, root: _Rule, way: str, seen: frozenset[str]) -> Iterator[Meaning]:
    """Iterate over the keys below a rule; one that leads back to itself is gone into once."""
    if (reference := str(rule.get("$ref", ""))) in seen:
        return
    seen = seen | {reference} if reference else seen
    rule = _resolved(rule, root)
    for name, below in cast("dict[str, _Rule]", rule.get("properties", {})).items():
        key = f"{way}.{name}" if way else name
        yield Meaning(key, {**_resolved(below, root), **below})
        yield from _below(below, root, key, seen)
    for branch in cast("list[_Rule]", rule.get("allOf", [])):
        named = way + _named(cast("_Rule", branch.get("if", {})))
        yield from _below(cast("_Rule", branch.get("then", branch)), root, named, seen)
    for keyword in ("items", "then"):
        if isinstance(part := rule.get(keyword), dict):
            yield from _below(part, root, way, seen)


def _named(condition: _Rule) -> str:
    """Return the type that a condition asks for, in brackets."""
    properties = cast("dict[str, _Rule]", condition.get("properties", {}))
    constants = [str(rule["const"]) for rule in properties.values() if "const" in rule]
    return f"({constants[0]})" if constants else ""


def _resolved(rule: _Rule, root: _Rule) -> _Rule:
    while isinstance(reference := rule.get("$ref"), str):
        name = reference.rpartition("/")[2]
        rule = cast("dict[str, _Rule]", root["definitions"])[name]
    return rule


def _value(rule: _Rule) -> str:
    if "const" in rule:
        return json.dumps(rule["const"])
    if isinstance(options := rule.get("enum"), list):
        return ", ".join(map(json.dumps, options))
    kind = rule.get("type", [])
    is_number = rule.get("pattern") == NUMBER_PATTERN
    kinds = [str(each) for each in (kind if isinstance(kind, list) else [kind])]
    named = [each for each in kinds if not (is_number and each == "string")]
    said = [
        f"{words} {rule[word]}"
        for word, words in _LIMITS.items()
        if word in rule and not (is_number and word == "pattern")
    ]
    return ", ".join([in_words(named), *said] if named else said)
