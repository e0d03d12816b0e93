"""A JSON Schema (draft-07), with what it takes to explain and to complete a document.

A schema here discriminates with ``if``/``then``, so that the subschemas that apply to a value are
known without trying alternatives: ``type`` picks the branch, and only its rules are reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import jsonschema_rs

from arctic_training.document.node import (
    JSON,
    Entry,
    ListNode,
    MapNode,
    Node,
    Pointer,
    ScalarNode,
    children,
    find,
)
from arctic_training.document.numbers import NUMBER_PATTERN, human_number

__all__ = ["Rewrite", "Schema", "Subschema", "with_numbers"]

Subschema: TypeAlias = dict[str, JSON]
Rewrite: TypeAlias = Callable[[ScalarNode, list[Subschema]], ScalarNode]


@dataclass(frozen=True)
class Schema:
    """A schema document. Its references are local (``#/...``)."""

    root: Subschema
    _conditions: dict[int, jsonschema_rs.Draft7Validator] = field(default_factory=dict, repr=False)

    def errors(self, document: JSON) -> Iterator[jsonschema_rs.ValidationError]:
        """Iterate over everything in which ``document``, with its numbers made, breaks the schema.

        A string that is left where a number belongs is a violation: not a number, or out of range.
        """
        return self._strict.iter_errors(document)

    @cached_property
    def has_numbers(self) -> bool:
        """Whether a number may be written as a string anywhere in the document."""
        return any(rule.get("pattern") == NUMBER_PATTERN for rule in _rules(self.root))

    @cached_property
    def keywords(self) -> frozenset[str]:
        """All keys anywhere in the schema."""
        return frozenset(key for rule in _rules(self.root) for key in rule)

    @cached_property
    def _strict(self) -> jsonschema_rs.Draft7Validator:
        strict = _numeric(self.root)
        assert isinstance(strict, dict)
        return jsonschema_rs.Draft7Validator(strict)

    def at(self, node: Node, pointer: Pointer) -> list[Subschema]:
        """Return the subschemas that apply to the value at ``pointer``, references resolved."""
        applying = self.applying(self.root, node)
        for step in pointer:
            below = find(node, (step,))
            if below is None:
                return []
            applying = self.below(applying, step, below)
            node = below
        return applying

    def below(self, applying: list[Subschema], step: str | int, child: Node) -> list[Subschema]:
        """Return the subschemas that apply to ``child``, of those that apply to its parent."""
        return [s for outer in applying for s in self._below(outer, step, child)]

    def for_keys(self, node: Node, pointer: Pointer) -> list[Subschema]:
        """Return the subschemas that apply to the keys of the mapping at ``pointer``."""
        rules = [outer.get("propertyNames") for outer in self.at(node, pointer)]
        return [s for rule in rules if isinstance(rule, dict) for s in self.applying(rule, node)]

    def walk(self, node: Node) -> Iterator[tuple[Pointer, Node, list[Subschema]]]:
        """Iterate over all values, each with its place and the subschemas that apply to it."""
        return self._walk((), node, self.applying(self.root, node))

    def _walk(
        self, pointer: Pointer, node: Node, applying: list[Subschema]
    ) -> Iterator[tuple[Pointer, Node, list[Subschema]]]:
        yield pointer, node, applying
        for step, child in children(node):
            below = self.below(applying, step, child)
            yield from self._walk((*pointer, step), child, below)

    def rewrite(self, node: Node, change: Rewrite) -> Node:
        """Return the document with every scalar passed through ``change``."""
        return self._rewrite(node, self.applying(self.root, node), change)

    def _rewrite(self, node: Node, applying: list[Subschema], change: Rewrite) -> Node:
        if isinstance(node, ScalarNode):
            return change(node, applying)
        below = {
            step: self._rewrite(child, self.below(applying, step, child), change)
            for step, child in children(node)
        }
        if isinstance(node, ListNode):
            return ListNode(tuple(below.values()), node.span)
        entries = {k: Entry(entry.key, below[k]) for k, entry in node.entries.items()}
        return MapNode(entries, node.span)

    def _below(self, schema: Subschema, step: str | int, child: Node) -> list[Subschema]:
        properties = schema.get("properties")
        if isinstance(step, int):
            items = schema.get("items")
            found = items[step] if isinstance(items, list) and step < len(items) else items
        elif isinstance(properties, dict) and step in properties:
            found = properties[step]
        else:
            found = schema.get("additionalProperties")
        return self.applying(found, child) if isinstance(found, dict) else []

    def applying(self, schema: Subschema, node: Node) -> list[Subschema]:
        """Return a subschema and all those in it that apply to a value.

        References, conjunctions, alternatives and conditions are flattened.
        """
        if isinstance(reference := schema.get("$ref"), str):
            return self.applying(self._resolved(reference), node)
        found = [schema]
        for keyword in ("allOf", "anyOf", "oneOf"):
            parts = schema.get(keyword, [])
            assert isinstance(parts, list)
            for part in parts:
                if isinstance(part, dict):
                    found += self.applying(part, node)
        if isinstance(condition := schema.get("if"), dict):
            branch = schema.get("then" if self._holds(condition, node) else "else")
            if isinstance(branch, dict):
                found += self.applying(branch, node)
        return found

    def _holds(self, condition: Subschema, node: Node) -> bool:
        if id(condition) not in self._conditions:
            self._conditions[id(condition)] = jsonschema_rs.Draft7Validator(condition)
        return self._conditions[id(condition)].is_valid(_outline(node))

    def _resolved(self, reference: str) -> Subschema:
        found: JSON = self.root
        for step in reference.removeprefix("#/").split("/"):
            assert isinstance(found, dict), reference
            found = found[step.replace("~1", "/").replace("~0", "~")]
        assert isinstance(found, dict), reference
        return found


def with_numbers(node: Node, schema: Schema) -> Node:
    """Return the document with the texts that stand for numbers (`2k`, `50%`) made numbers."""
    return schema.rewrite(node, _number) if schema.has_numbers else node


def _outline(node: Node) -> JSON:
    """Return what a condition depends on: a value's type, and the entries of a mapping."""
    if isinstance(node, MapNode):
        return {key: _bare(entry.value) for key, entry in node.entries.items()}
    return _bare(node)


def _bare(node: Node) -> JSON:
    match node:
        case ScalarNode(value=value):
            return value
        case ListNode():
            return []
        case MapNode():
            return {}


def _number(node: ScalarNode, applying: list[Subschema]) -> ScalarNode:
    if isinstance(node.value, str) and any(s.get("pattern") == NUMBER_PATTERN for s in applying):
        number = human_number(node.value)
        return node if number is None else ScalarNode(number, node.span)
    return node


def _rules(schema: JSON) -> Iterator[Subschema]:
    """Iterate over all mappings in a schema."""
    if isinstance(schema, list):
        for part in schema:
            yield from _rules(part)
    elif isinstance(schema, dict):
        yield schema
        for part in schema.values():
            yield from _rules(part)


def _numeric(schema: JSON) -> JSON:
    """Return the schema without permission to write a number as a string."""
    if isinstance(schema, list):
        return [_numeric(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: _numeric(part) for key, part in schema.items()}
    if isinstance(kinds := strict.get("type"), list) and strict.get("pattern") == NUMBER_PATTERN:
        strict["type"] = [kind for kind in kinds if kind != "string"]
    return strict
