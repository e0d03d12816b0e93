"""Reference pages of the kinds of factories, read from the source of the runtime.

Importing the classes would import torch, so their methods are read from the syntax tree.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from arctic_training.definition.factories.builtin import built_in_factories
from arctic_training.public_names import PUBLIC_NAMES

__all__ = ["factory_pages", "summary"]

_PACKAGE: Final = Path(__file__).parent.parent / "arctic_training"
_BASES: Final = {kind: f"{kind.title()}Factory" for kind in built_in_factories()} | {
    "checkpoint": "CheckpointEngine"
}
_NOUNS: Final = {"checkpoint": "engines"}
_OWN_PURPOSE: Final = {
    "data": "To read rows of another form, override `load` of the factory that you extend",
    "model": "To change the model, override `create` and call `super().create()`",
    "checkpoint": "To write another format, override `save`",
    "optimizer": "To write your own, override `create`; `self.trainer.model` is the model",
    "scheduler": "To write your own, override `create`; `self.trainer.optimizer` is the optimizer",
    "tokenizer": "To write your own, override `create`",
}


def factory_pages() -> dict[str, str]:
    """Return the text of each page by its path below ``docs/reference``."""
    pages = {f"factories/{kind}.md": "\n".join(_kind(kind)) for kind in _BASES}
    return {"factories.md": "\n".join(_index()), **pages}


def summary(text: str | None) -> str:
    """Return a docstring as one line of Markdown for a table."""
    paragraphs = (text or "").split("\n\nRaises:")[0].split("\n\nArgs:")[0]
    return " ".join(paragraphs.replace("``", "`").split()).replace("|", "\\|")


def _index() -> Iterator[str]:
    yield "# Factories\n\nA factory builds one part of a trainer from one section of the recipe.\n"
    yield "| kind | base class | built-in |\n|---|---|---|"
    for kind, base in _BASES.items():
        names = ", ".join(f"`{name}`" for name in built_in_factories()[kind])
        yield f"| [{kind}](factories/{kind}.md) | `{base}` | {names} |"
    yield "\nTo write your own, see [Custom factories](../how-to/custom-factories.md).\n"


def _kind(kind: str) -> Iterator[str]:
    base, built_in = _classes()[_BASES[kind]], built_in_factories()[kind]
    yield f"# {kind.title()} {_NOUNS.get(kind, 'factories')}\n\n{_text(base)}\n"
    yield f"```python\nfrom arctic_training import {base.name}\n```\n"
    yield f"{_OWN_PURPOSE[kind]}: [Custom factories](../../how-to/custom-factories.md).\n"
    common = [*_lineage(base.name)]
    yield "## Methods and attributes\n"
    yield from (row.replace("Product_co", _product(base)) for row in _members(common))
    yield "\n## Built-in\n\n| name | class | section of a recipe | extends |\n|---|---|---|---|"
    users: dict[str, list[str]] = {}
    for name, factory in built_in.items():
        section = f"[`{kind}: {name}`](../recipe.md#{kind}-{name})"
        extended = f"`{factory.extends}`" if factory.extends else ""
        yield f"| `{name}` | `{factory.factory}` | {section} | {extended} |"
        for each in _lineage(factory.factory.name):
            users.setdefault(each.name, []).append(f"`{name}`")
    yield ""
    for name in (name for name in users if _classes()[name] not in common):
        if rows := [*_members([_classes()[name]])][1:]:
            yield f"### {name}\n\nOf {', '.join(dict.fromkeys(users[name]))}.\n"
            yield from (_HEAD, *rows, "")
    if kind == "data":
        yield from _batches()


_HEAD: Final = "| | |\n|---|---|"


def _product(base: ast.ClassDef) -> str:
    """Return what a factory of a kind makes, which its base says as an argument."""
    for each in base.bases:
        if isinstance(each, ast.Subscript) and ast.unparse(each.value) == "Factory":
            return ast.unparse(each.slice).partition(", ")[2].rstrip(")")
    return "None"


def _members(classes: list[ast.ClassDef]) -> Iterator[str]:
    """Iterate over the rows of public methods and attributes, each where it is defined first."""
    yield _HEAD
    rows: dict[str, str] = {}
    for owner in classes:
        for name, signature, text in _public(owner):
            rows.setdefault(name, f"| {signature} | {text} |")
    yield from rows.values()


def _public(owner: ast.ClassDef) -> Iterator[tuple[str, str, str]]:
    """Iterate over names, signatures and meanings of what a class documents."""
    for node, following in zip(owner.body, [*owner.body[1:], None], strict=True):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            if meaning := summary(ast.get_docstring(node)):
                yield node.name, _signature(node), meaning + _required(node)
        elif isinstance(node, ast.AnnAssign) and isinstance(following, ast.Expr):
            name, meaning = ast.unparse(node.target), summary(ast.literal_eval(following.value))
            if not name.startswith("_"):
                yield name, f"`{name}`", meaning


def _signature(node: ast.FunctionDef) -> str:
    returned = ast.unparse(node.returns).replace("|", "\\|") if node.returns else ""
    if _is_decorated(node, "property"):
        return f"`{node.name}`: `{returned}`"
    words = ", ".join(argument.arg for argument in node.args.args[1:])
    return f"`{node.name}({words})` -> `{returned}`"


def _required(node: ast.FunctionDef) -> str:
    return " **Required.**" if _is_decorated(node, "abstractmethod") else ""


def _is_decorated(node: ast.FunctionDef, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in node.decorator_list)


def _batches() -> Iterator[str]:
    yield "## Batches\n\nWhat a loss gets; `from arctic_training import SFTBatch` and so on.\n"
    makers: dict[str, list[str]] = {}
    for name, factory in built_in_factories()["data"].items():
        if factory.batch:
            makers.setdefault(factory.batch.name, []).append(f"`{name}`")
    for batch, names in makers.items():
        yield f"### {batch}\n\nOf {' and '.join(names)}. {_text(_classes()[batch])}\n"
        yield "| key | type |\n|---|---|"
        owners = reversed([*_lineage(batch)])
        yield from filter(None, (_batch_key(node) for each in owners for node in each.body))
        yield ""
    yield f"### Keys of every batch\n\n{_text(_classes()['RowBatch'])}\n"


def _batch_key(node: ast.stmt) -> str:
    if not isinstance(node, ast.AnnAssign):
        return ""
    return f'| `batch["{ast.unparse(node.target)}"]` | `{ast.unparse(node.annotation)}` |'


def _lineage(name: str) -> Iterator[ast.ClassDef]:
    """Iterate over a class and those that it derives from, as far as they are of the runtime."""
    node = _classes().get(name)
    if node is None:
        return
    yield node
    for base in node.bases:
        inner = base.value if isinstance(base, ast.Subscript) else base
        yield from _lineage(ast.unparse(inner))


def _text(node: ast.ClassDef) -> str:
    return (ast.get_docstring(node) or "").replace("``", "`")


@cache
def _classes() -> dict[str, ast.ClassDef]:
    """Return the classes that are factories or batches, by name."""
    homes = {PUBLIC_NAMES[name].partition(".")[2].split(".")[0] for name in _BASES.values()}
    files = [path for home in sorted({*homes, "core", "engines"}) for path in _files(home)]
    return {
        node.name: node
        for path in files
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
    }


def _files(package: str) -> list[Path]:
    return sorted((_PACKAGE / package).rglob("*.py"))
