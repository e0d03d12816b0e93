"""The stages from the text of a definition to published files, in the order in which they run.

Each is a function of what the one before it returns, and mutates none of its arguments. Only load
reads the user's documents, and only publish writes into the project.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from arctic_training.codegen.plan import plan
from arctic_training.codegen.publish import publish
from arctic_training.codegen.render import render
from arctic_training.codegen.verify import verify
from arctic_training.definition.load import load_tree
from arctic_training.definition.read import read
from arctic_training.definition.resolve import resolve

__all__ = ["STAGES", "Stage"]


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage: the function that it begins with, and what it turns into what."""

    name: str
    function: Callable[..., object]
    summary: str


STAGES: Final = (
    Stage(
        "load",
        load_tree,
        "files to one tree with spans: `extends` merged, references linked, the schema checked",
    ),
    Stage("read", read, "the tree to typed fields, slots and names with spans, or findings"),
    Stage("resolve", resolve, "names to factories, functions and classes: a frozen definition"),
    Stage("plan", plan, "a definition to the files to write, as views for templates"),
    Stage("render", render, "views and templates to texts"),
    Stage("verify", verify, "texts laid out, parsed and type-checked with the user's functions"),
    Stage("publish", publish, "texts to files: all of them or none, the manifest last"),
)
"""Every stage, in execution order."""
