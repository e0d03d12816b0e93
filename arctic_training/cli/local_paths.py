"""The local models and data that a recipe names: looked for, not read, before anything heavy."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from arctic_training.diagnostics import Diagnostic
from arctic_training.document import Node, Pointer, ScalarNode
from arctic_training.errors import RecipeError
from arctic_training.fs.writable import why_not_writable
from arctic_training.hub.loading import LOADING_HINT, is_missing_path
from arctic_training.recipe import CheckedRecipe

__all__ = ["local_paths", "missing_paths", "unwritable_folders"]


def local_paths(
    recipe: CheckedRecipe, sections: Collection[str] = ()
) -> list[tuple[Pointer, ScalarNode]]:
    """Return what a recipe names on this machine and not on a hub; of all sections, or of some."""
    return [
        (pointer, node)
        for pointer, node, applying in recipe.schema.walk(recipe.document)
        if isinstance(node, ScalarNode)
        and "name-or-path" in {schema.get("format") for schema in applying}
        and Path(str(node.value)).is_absolute()
        and (not sections or pointer[0] in sections)
    ]


def missing_paths(recipe: CheckedRecipe, sections: Collection[str] = ()) -> Iterator[Diagnostic]:
    """Iterate over the local models, tokenizers and data that are not there."""
    for pointer, node in local_paths(recipe, sections):
        name = str(node.value)
        if not is_missing_path(name):
            continue
        if any(str(step).endswith("sources") for step in pointer):
            yield from _missing_data(name, node)
        else:
            part = "tokenizer" if pointer[0] == "tokenizer" else "model"
            message = f"the {part} `{name}` cannot be loaded: there is no such folder"
            yield _error("not-found", message, node, LOADING_HINT)


def unwritable_folders(recipe: CheckedRecipe) -> Iterator[Diagnostic]:
    """Iterate over the folders of checkpoints that cannot be written to; they are made."""
    for pointer, node, _ in recipe.schema.walk(recipe.document):
        if pointer and pointer[0] == "checkpoint" and pointer[-1] == "output_dir":
            assert isinstance(node, ScalarNode)
            if reason := why_not_writable(Path(str(node.value))):
                yield _error("not-writable", reason, node)


def _missing_data(name: str, node: Node) -> Iterator[Diagnostic]:
    from arctic_training.data.sources.files import located_data

    try:
        located_data(name)  # a pattern is there if it has files
    except RecipeError as error:
        yield _error(error.code, error.message, node, error.hint)


def _error(code: str, message: str, node: Node, hint: str = "") -> Diagnostic:
    return Diagnostic(code=code, message=message, span=node.span, help=hint)
