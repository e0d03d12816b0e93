"""The factories that come with the package, read without importing any of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TypeAlias

from arctic_training.config.slots import ImportPath
from arctic_training.definition.definition import FactorySpec
from arctic_training.diagnostics import Source
from arctic_training.document import MapNode, Node, parse, plain
from arctic_training.project.resources import resource

__all__ = ["Catalog", "built_in_document", "built_in_factories"]

Catalog: TypeAlias = Mapping[str, Mapping[str, FactorySpec]]
"""Factories by kind and name."""


@cache
def built_in_factories() -> Catalog:
    """Return the factories of ``schemas/factories.yaml``."""
    return {
        kind: {
            name: _factory(name, plain(entry.value))
            for name, entry in _entries(kind_entry.value).entries.items()
        }
        for kind, kind_entry in built_in_document().entries.items()
    }


@cache
def built_in_document() -> MapNode:
    """Return ``schemas/factories.yaml`` with the places in it."""
    path = resource("schemas/factories.yaml")
    node, problems = parse(Source(str(path), path.read_text(encoding="utf-8")))
    assert isinstance(node, MapNode), problems
    return node


def _entries(node: Node) -> MapNode:
    assert isinstance(node, MapNode)
    return node


def _factory(name: str, entry: object) -> FactorySpec:
    assert isinstance(entry, dict)
    batch = entry.get("batch")
    return FactorySpec(
        name,
        ImportPath.parse(entry["class"]),
        ImportPath.parse(entry["config"]),
        ImportPath.parse(batch) if batch else None,
        extends=entry.get("extends", ""),
    )
