"""The stage load: files to one tree, whose references lead into it.

What a definition extends is merged while it is text: a field that changes the default of another
has no type by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from arctic_training.definition.definition import FACTORIES
from arctic_training.definition.extend import extend
from arctic_training.definition.factories.shared import shared_factories, with_shared_factories
from arctic_training.definition.importable import with_name_of_file
from arctic_training.definition.link import Linked, link
from arctic_training.diagnostics import Diagnostic, Source, Span
from arctic_training.document import Entry, MapNode, Node, children, shown_path
from arctic_training.project.locations import Project
from arctic_training.validation import check_and_prune
from arctic_training.validation.shipped_schemas import schema

__all__ = ["LoadedTree", "load_factories", "load_tree"]


@dataclass(frozen=True, slots=True)
class LoadedTree:
    """A definition with all that it extends, refers to and can name."""

    linked: Linked
    text: Source
    files: tuple[Path, ...]
    inherited_loss: str = ""


def load_tree(
    definition: MapNode, path: Path, project: Project
) -> tuple[LoadedTree | None, list[Diagnostic]]:
    """Return the tree of a definition that was read from ``path``, without what is refused.

    Raises:
        UnreadableError: a file that it refers to cannot be read.
        ManifestError: the project's manifest cannot be read.

    """
    extended, problems = extend(definition, path, project)
    if extended is None:
        return None, problems
    sound, found = check_and_prune(extended.tree, schema("trainer.schema.json"))
    classes = _class_names(extended.tree) if found else set[Span]()
    problems += (with_name_of_file(each, project, is_class=each.span in classes) for each in found)
    assert isinstance(sound, MapNode)
    whole, shared, wrong = with_shared_factories(sound, project)
    linked, unlinked = link(whole, extended.files, project)
    files = (*extended.files, *linked.files, *shared)
    text = definition.span.source
    loaded = LoadedTree(linked, text, files, extended.inherited_loss)
    return loaded, [*problems, *wrong, *unlinked]


def _class_names(tree: MapNode) -> set[Span]:
    """Return where a definition names classes of the user's."""
    return {node.span for key in ("implementation", "class") for node in _values(tree, key)}


def _values(node: Node, key: str) -> Iterator[Node]:
    for step, below in children(node):
        if step == key:
            yield below
        yield from _values(below, key)


def load_factories(project: Project) -> tuple[LoadedTree, list[Diagnostic]]:
    """Return the tree of the factories that the definitions of a project share.

    Raises:
        UnreadableError: a file that they refer to cannot be read.

    """
    shared = shared_factories(project, installed=False)
    start = Source(shown_path(project.factories), "").start()
    bare = MapNode({FACTORIES: Entry(start, shared.node(start))}, start)
    linked, unlinked = link(bare, (project.factories,), project)
    files = (project.factories, *linked.files)
    return LoadedTree(linked, start.source, files), [*shared.problems, *unlinked]
