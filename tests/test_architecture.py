"""Who imports whom, what a module offers, and how loosely anything may be typed."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path
from typing import Final

import pytest

from arctic_training.public_names import PUBLIC_NAMES
from tests.support import ROOT, python

PACKAGE = ROOT / "arctic_training"
GENERATED = ROOT / "generated/arctic_trainers"
FACTORIES = {"checkpoint", "data", "engines", "model", "optimizer", "scheduler", "tokenizer"}
"""Packages from which generated code imports what the public API has no place for (ADR 0038)."""

PASSED_ON = {
    "arctic_training.engines.deepspeed.backend": {"deepspeed"},
    "arctic_training.losses.output": {"LossOutput", "Term"},
}
"""Modules that are there to hand on what they import."""

_DATA: Final = f"{PACKAGE.name}.data."


@dataclass(frozen=True)
class Module:
    """A file, parsed when a test asks for it; ``name`` is its dotted name."""

    name: str
    text: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed text."""
        return ast.parse(self.text)

    @property
    def part(self) -> str:
        """The part of the package that it belongs to, such as ``config``."""
        return self.name.partition(".")[2].partition(".")[0]

    def imports(self) -> Iterator[str]:
        """Iterate over the modules that it imports anywhere, also inside functions."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                assert node.module, f"{self.name} imports relatively"
                assert node.level == 0, f"{self.name} imports relatively"
                yield node.module
            elif isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)


def _modules(folder: Path) -> list[Module]:
    found = []
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        text = path.read_text(encoding="utf-8")
        name = ".".join(parts[:-1] if is_package else parts)
        found.append(Module(name, text, is_package))
    return found


OURS, MADE = _modules(PACKAGE), _modules(GENERATED)


def _ours(module: Module) -> set[str]:
    """Return the parts of ``arctic_training`` that a module imports."""
    names = {name for name in module.imports() if name.startswith("arctic_training.")}
    return {name.split(".")[1] for name in names}


def _others(module: Module) -> set[str]:
    """Return the top-level packages that a module imports beside the standard library."""
    return {name.split(".")[0] for name in module.imports()} - sys.stdlib_module_names


LAYERS: Final = (
    {"diagnostics", "public_names"},
    {"errors"},
    {"document", "fs"},
    {"project"},
    {"config"},
    {"validation"},
    {"definition", "recipe"},
    {"breaking", "codegen", "lint"},
    {"core"},
    {"hub", "terminal"},
    {"callback", "checkpoint", "data", "engines", "losses", "model", "optimizer"}
    | {"scheduler", "tokenizer", "tracker"},
    {"trainer"},
    {"api"},
    {"conformance", "launcher", "report"},
    {"cli"},
)
"""The packages from the bottom to the top (DESIGN, section 2)."""

DATA_STEPS: Final = (
    {"batches", "tokenizing"},
    {"store"},
    {"chat"},
    {"sources"},
    {"loading"},
    {"factory"},
    {"factories"},
)
"""The steps of ``data`` from the bottom to the top: a factory leads through all of them."""

GENERATOR: Final = {"breaking", "codegen", "definition", "lint"}
RUNTIME: Final = {part for layer in LAYERS[8:-1] for part in layer}
IMPORT_TRANSFORMERS: Final = {"checkpoint", "cli", "core", "data", "engines", "hub", "model"} | {
    "scheduler",
    "tokenizer",
    "trainer",
}
IMPORTS_BESIDE: Final[Mapping[str, set[str]]] = {
    "breaking": set(),
    "codegen": {"jinja2", "jsonschema", "markupsafe", "ruff"},
    "config": {"pydantic", "pydantic_core"},
    "definition": {"jsonschema_rs"},
    "diagnostics": set(),
    "document": {"yaml"},
    "errors": set(),
    "fs": {"filelock"},
    "lint": set(),
    "project": set(),
    "recipe": set(),
    "validation": {"jsonschema_rs"},
}
"""What the packages that run without torch import beside the standard library."""


def _upward_imports(modules: Sequence[Module]) -> Iterator[str]:
    height = {part: at for at, layer in enumerate(LAYERS) for part in layer}
    for module in modules:
        if not module.part:
            continue
        for part in sorted(_ours(module)):
            if height[part] > height[module.part]:
                yield f"{module.name} imports {part}"


def _upward_data_imports(modules: Sequence[Module]) -> Iterator[str]:
    height = {step: at for at, steps in enumerate(DATA_STEPS) for step in steps}
    for module in modules:
        for name in sorted(filter(_data_step, module.imports()) if _data_step(module.name) else ()):
            if height[_data_step(name)] > height[_data_step(module.name)]:
                yield f"{module.name} imports {name}"


def _data_step(name: str) -> str:
    """Return the folder or module of ``arctic_training.data`` that a module is in, if any."""
    return name.removeprefix(_DATA).split(".")[0] if name.startswith(_DATA) else ""


def _cycles(modules: Sequence[Module]) -> Iterator[str]:
    """Iterate over the packages that import each other, directly or through others."""
    graph: dict[str, set[str]] = {}
    for module in modules:
        graph.setdefault(module.part, set()).update(_ours(module) - {module.part})
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield " -> ".join(error.args[1])


def _deepspeed_imports(modules: Sequence[Module]) -> Iterator[str]:
    for module in modules:
        is_door = module.name.startswith("arctic_training.engines.deepspeed")
        if "deepspeed" in _others(module) and not is_door:
            yield module.name


def _transformers_imports(modules: Sequence[Module]) -> Iterator[str]:
    for module in modules:
        if "transformers" in _others(module) and module.part not in IMPORT_TRANSFORMERS:
            yield module.name


def _generator_imports(modules: Sequence[Module]) -> Iterator[str]:
    for module in modules:
        if module.part in RUNTIME and _ours(module) & GENERATOR:
            yield module.name
        if "arctic_trainers" in _others(module):
            yield module.name


def _public_api_imports(modules: Sequence[Module]) -> Iterator[str]:
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom) and node.module == "arctic_training":
                yield module.name


def _foreign_imports(modules: Sequence[Module]) -> Iterator[str]:
    for module in modules:
        allowed = IMPORTS_BESIDE.get(module.part)
        if allowed is not None:
            for name in sorted(_others(module) - allowed - {"arctic_training"}):
                yield f"{module.name} imports {name}"


def _flat_sizes(modules: Sequence[Module]) -> Iterator[str]:
    """Iterate over the places of the runtime that take a size from no axis of the mesh."""
    exempt = {"arctic_training.core.mesh"}
    for module in modules:
        if module.part in RUNTIME - {"launcher"} and module.name not in exempt:
            found = [node for node in ast.walk(module.tree) if _is_flat_size(node)]
            yield from (f"{module.name}: {ast.unparse(node)}" for node in found)


def _is_flat_size(node: ast.AST) -> bool:
    """Return whether a node reads a world size, or computes with the number of processes."""
    match node:
        case ast.Attribute(attr="get_world_size" | "world_size"):
            return True
        case ast.Attribute(attr="world", value=owner):
            return ast.unparse(owner) != "self.mesh"  # what `trainer.world` returns
        case ast.BinOp(left=left, right=right):
            operands = [side.attr for side in (left, right) if isinstance(side, ast.Attribute)]
            return "num_processes" in operands
        case _:
            return False


def _seeded(name: str, text: str) -> Module:
    return Module(f"arctic_training.{name}", text)


RULES: Final = {
    "imports go down the layers": (
        _upward_imports,
        [_seeded("document.node", "from arctic_training.config.base import Config")],
    ),
    "the steps of data go down": (
        _upward_data_imports,
        [
            _seeded("data.chat.tools", "from arctic_training.data.sources.files import Files"),
            _seeded("data.factories.x", "from arctic_training.data.chat.tools import offered"),
        ],
    ),
    "the package graph is acyclic": (
        _cycles,
        [
            _seeded("data.loader", "from arctic_training.model.factory import ModelFactory"),
            _seeded("model.factory", "def f():\n    from arctic_training.losses import x"),
            _seeded("losses.sft", "from arctic_training.data.batches import SFTBatch"),
        ],
    ),
    "one package imports deepspeed": (
        _deepspeed_imports,
        [_seeded("optimizer.cpu_adam", "from deepspeed.ops.adam import DeepSpeedCPUAdam")],
    ),
    "listed packages import transformers": (
        _transformers_imports,
        [_seeded("losses.sft", "import transformers")],
    ),
    "the runtime does not import the generator, nor anybody what it makes": (
        _generator_imports,
        [_seeded("trainer.loop", "from arctic_training.codegen.plan import planned")],
    ),
    "the package imports names from their homes, not from its public API": (
        _public_api_imports,
        [_seeded("losses.sft", "from arctic_training import LossOutput")],
    ),
    "sizes come from an axis of the mesh": (
        _flat_sizes,
        [_seeded("trainer.loop", "mean = total / trainer.mesh.num_processes")],
    ),
    "what runs without torch imports nothing heavy": (
        _foreign_imports,
        [_seeded("definition.resolve", "import torch")],
    ),
}
"""Each rule as a function from modules to violations, and modules that break it."""


@pytest.mark.parametrize("rule", RULES)
def test_layers(rule: str) -> None:
    """Each rule about imports holds in the package, and finds a violation that is seeded."""
    violations, seeded = RULES[rule]
    assert [*violations(OURS)] == []
    assert len([*violations([*OURS, *seeded])]) == 1


def test_every_package_has_a_layer() -> None:
    """A new package is placed in a layer before anything may import it."""
    assert {module.part for module in OURS} - {""} == set().union(*LAYERS)


def test_generated_code_imports_the_public_api_built_in_factories_and_itself() -> None:
    """A generated trainer imports public names from the public API, and never another trainer."""
    for module in MADE:
        own = ".".join(module.name.split(".")[:2])
        assert _ours(module) <= {"config", *FACTORIES}
        assert [*_private_imports(module)] == []
        assert [n for n in module.imports() if n.startswith("arctic_trainers")] == [
            n for n in module.imports() if n.startswith(f"{own}.")
        ]


def _private_imports(module: Module) -> Iterator[str]:
    """Iterate over the names that a module imports from their homes though they are public."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom):
            names = (alias.name for alias in node.names)
            yield from (name for name in names if PUBLIC_NAMES.get(name) == node.module)


def test_what_is_imported_is_declared() -> None:
    """Each package that is imported is a dependency, and not one of a dependency's alone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [extra for name, extra in project["optional-dependencies"].items() if name != "dev"]
    declared = [re.split(r"[^\w-]", each)[0] for each in chain(project["dependencies"], *extras)]
    names = set(map(_normal, declared))
    owners = {**packages_distributions(), "pydantic_core": ["pydantic"]}  # which has just one
    imported = set().union(*map(_others, OURS)) - {"arctic_training", "arctic_trainers"}
    undeclared = {p for p in imported if names.isdisjoint(map(_normal, owners.get(p, [p])))}
    assert undeclared == set()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_generator_and_configs_need_no_torch() -> None:
    """All of the generator, the commands' modules and a generated config import without torch."""
    light = {"breaking", "cli", "codegen", "config", "diagnostics", "document", "lint", "recipe"}
    names = [module.name for module in OURS if module.part in light]
    code = f"""
import importlib, sys
for name in {[*names, "arctic_trainers.sft.config", "arctic_trainers.sft"]!r}:
    importlib.import_module(name)
print({{"torch", "transformers", "deepspeed", "datasets"}} & set(sys.modules))
"""
    assert python("-c", code) == (0, "set()\n", "")


def test_trainers_and_their_data_need_no_models() -> None:
    """What data alone needs imports no model code of transformers, which takes half of a start."""
    code = """
import sys
import arctic_trainers.sft.trainer, arctic_training.trainer.data_stage
print({"transformers.modeling_utils", "datasets", "peft", "torch._dynamo"} & set(sys.modules))
"""
    assert python("-c", code) == (0, "set()\n", "")


@pytest.mark.parametrize("module", OURS, ids=lambda module: module.name)
def test_a_module_offers_what_it_defines(module: Module) -> None:
    """``__all__`` holds the public names that a module defines, and what a package gathers."""
    public = {name for name in _defined(module.tree) if not name.startswith("_")}
    if module.is_package:
        public |= set(_gathered(module))
    exported = _exported(module.tree)
    assert public == set(exported) - PASSED_ON.get(module.name, set())
    assert len(exported) == len(set(exported))


@pytest.mark.parametrize("module", [*OURS, *MADE], ids=lambda module: module.name)
def test_nothing_public_is_loosely_typed(module: Module) -> None:
    """No public signature or field says `Any`, and every `type: ignore` says which error."""
    assert [ast.unparse(node) for node in _public_annotations(module.tree) if _says_any(node)] == []
    assert re.findall(r"#\s*type:\s*ignore(?!\[)", module.text) == []


@pytest.mark.parametrize("module", MADE, ids=lambda module: module.name)
def test_generated_code_says_any_nowhere(module: Module) -> None:
    """Generated code has no `Any` and no `type: ignore` at all."""
    assert not _says_any(module.tree)
    assert "type: ignore" not in module.text


def _defined(tree: ast.Module) -> Iterator[str]:
    """Iterate over the names that a module defines; type variables are its own affair."""
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar" | "ParamSpec"))):
                pass
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case _:
                pass


def _gathered(module: Module) -> Iterator[str]:
    for node in module.tree.body:
        for each in node.body if isinstance(node, ast.If) else [node]:
            if isinstance(each, ast.ImportFrom) and str(each.module).startswith(f"{module.name}."):
                yield from (alias.asname or alias.name for alias in each.names)


def _exported(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            exported: list[str] = ast.literal_eval(node.value)
            return exported
    return []


def _public_annotations(tree: ast.Module | ast.ClassDef) -> Iterator[ast.expr]:
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name) if not name.startswith("_"):
                yield from _public_annotations(node)
            case ast.FunctionDef(name=name, args=args, returns=returns) if _is_public(name):
                every = (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg)
                yield from (each.annotation for each in every if each and each.annotation)
                yield from [returns] if returns else []
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind) if _is_public(name):
                yield kind
            case _:
                pass


def _is_public(name: str) -> bool:
    return not name.startswith("_") or name.endswith("__")


def _says_any(tree: ast.AST) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "Any" for node in ast.walk(tree))
