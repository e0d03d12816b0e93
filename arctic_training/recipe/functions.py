"""Sources that are functions of the user's: their arguments are checked against their parameters.

The module is read and not imported. A parameter's annotation says what it takes, as a schema does:
so mistakes are found, and numbers and paths understood, as everywhere in a recipe.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from arctic_training.diagnostics import Diagnostic, nearest
from arctic_training.document import Entry, ListNode, MapNode, Node, Pointer, find, plain
from arctic_training.project.locations import Project
from arctic_training.project.module_names import module_names, named_as_file
from arctic_training.recipe.function_stub import function_stub
from arctic_training.recipe.module_spec import module_spec
from arctic_training.recipe.paths import with_paths
from arctic_training.recipe.signature import AnyFunction, signature_schema
from arctic_training.validation import Schema, check, completed

__all__ = ["with_arguments"]


@dataclass(frozen=True, slots=True)
class _Place:
    """A source that is a function; ``types`` are those that it could be of."""

    pointer: Pointer
    source: MapNode
    types: list[str]


def with_arguments(recipe: Node, schema: Schema, project: Project) -> tuple[Node, list[Diagnostic]]:
    """Return a recipe with the arguments of its functions completed, or what is wrong with them."""
    problems: list[Diagnostic] = []
    for place in _functions(recipe, schema):
        function, wrong = _read(place, project)
        problems += wrong
        if function is None:
            continue
        signature = Schema(signature_schema(function))
        given = find(place.source, ("arguments",)) or MapNode({}, place.source.span)
        found = check(given, signature)
        problems += found
        if not found:
            made = with_paths(completed(given, signature), signature)
            recipe = _put(recipe, (*place.pointer, "arguments"), made)
    return recipe, problems


def _functions(recipe: Node, schema: Schema) -> Iterator[_Place]:
    for section, key in (("data", "sources"), ("data", "eval_sources"), ("tokenizer", "sources")):
        listed = find(recipe, (section, key))
        nodes: dict[Pointer, Node] = {(): listed} if listed else {}
        if isinstance(listed, ListNode):
            nodes = {(number,): item for number, item in enumerate(listed.items)}
        for place, source in nodes.items():
            if isinstance(source, MapNode) and _is_function(source):
                pointer = (section, key, *place)
                yield _Place(pointer, source, _types(recipe, pointer, schema))


def _types(recipe: Node, pointer: Pointer, schema: Schema) -> list[str]:
    """Return the types that a section may have in its recipe."""
    rules = schema.at(recipe, (*pointer, "type"))
    options = (rule.get("enum") for rule in rules)
    return [str(option) for known in options if isinstance(known, list) for option in known]


def _is_function(source: Node) -> bool:
    kind = find(source, ("type",))
    return kind is not None and plain(kind) == "function"


def _read(place: _Place, project: Project) -> tuple[AnyFunction | None, list[Diagnostic]]:
    """Return the function of a source, where its module defines it, or why it is not there."""
    named = find(place.source, ("function",))
    assert named is not None, "the schema of recipes asks for it"
    module, _, name = str(plain(named)).partition(":")
    spec = module_spec(module, (*project.source_roots, *map(Path, sys.path)))
    given = find(place.source, ("arguments",))
    paste = function_stub(name, place.types, plain(given) if given else {})
    if spec is None and (meant := named_as_file(module)):
        message = f"`{module}` is a file: write the module without `.py`"
        return None, [_not_there(named, message, suggestion=f"{meant}:{name}")]
    if spec is None:
        path = f"{module.replace('.', '/')}.py"
        message, hint = f"there is no module `{module}`", f"write this into {path}:"
        return None, [_not_there(named, message, hint, paste)]
    file = Path(spec.origin or "")
    if file.suffix != ".py":
        return None, []  # compiled: the run looks at it before it reads anything
    try:
        parsed = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError) as error:
        return None, [_not_there(named, f"{file} is not valid Python: {error}")]
    functions = {each.name: each for each in parsed.body if isinstance(each, AnyFunction)}
    if name in functions and not functions[name].decorator_list:
        return functions[name], []
    if (names := module_names(parsed)) is None or name in names:
        return None, []  # made in another way: the run looks at it before it reads anything
    message, meant = f"the module `{module}` has no function `{name}`", nearest(name, functions)
    if meant:
        return None, [_not_there(named, message, suggestion=f"{module}:{meant}")]
    return None, [_not_there(named, message, f"write this into {file}:", paste)]


def _not_there(
    named: Node, message: str, hint: str = "", paste: str = "", suggestion: str = ""
) -> Diagnostic:
    return Diagnostic(
        code="not-importable",
        message=message,
        span=named.span,
        help=hint,
        paste=paste,
        suggestion=suggestion,
    )


def _put(node: Node, pointer: Pointer, value: Node) -> Node:
    """Return a tree with a value at a place."""
    if not pointer:
        return value
    first, *rest = pointer
    match node:
        case ListNode(items=items) if isinstance(first, int):
            changed = _put(items[first], tuple(rest), value)
            return ListNode((*items[:first], changed, *items[first + 1 :]), node.span)
        case MapNode(entries=entries):
            entry = entries.get(str(first), Entry(value.span, value))
            changed = _put(entry.value, tuple(rest), value)
            return MapNode({**entries, str(first): Entry(entry.key, changed)}, node.span)
        case _:
            return node
