"""Files that a user begins with: stubs of functions and classes, and a recipe.

They are the user's from then on: written where there is nothing, once.
"""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from arctic_training.codegen.code import Code, printable
from arctic_training.codegen.render import fill
from arctic_training.codegen.stubs import stub
from arctic_training.config.slots import ImportPath
from arctic_training.definition.definition import Definition, FactorySpec, HandWritten
from arctic_training.definition.fields.sample_values import sample
from arctic_training.definition.fields.types import FieldSpec, Missing
from arctic_training.definition.importable import import_roots
from arctic_training.definition.stages import Loaded
from arctic_training.diagnostics import Span
from arctic_training.fs.confinement import confined
from arctic_training.project.locations import NAMESPACE, Project, module_file

__all__ = ["missing_modules", "recipe_path", "starter_files", "starter_recipe"]


def starter_files(item: Loaded) -> Iterator[tuple[Path, str, Span]]:
    """Iterate over files of the user's that do not exist, with the texts to begin with.

    Something else may be there, such as a folder. The third is the place of the definition that
    names the file.

    Raises:
        UnsafePathError: a file would lie outside of the project, by a link.

    """
    spec, project = item.spec, item.project
    for named in missing_modules(spec, project):
        file = _begun_at(named.path.module, project)
        extended = _extended_loss(item) if named.role == "loss" else None
        yield confined(file, project.root), stub(spec, named.path, extended), named.span
    recipe = recipe_path(item.path)
    if not recipe.is_file():
        yield recipe, starter_recipe(spec, recipe, project), spec.span_of("name")


def missing_modules(spec: Definition, project: Project) -> Iterator[HandWritten]:
    """Iterate over what the user writes in modules that do not exist, with its places."""
    roots = import_roots(project)
    for named in spec.hand_written:
        if not module_file(named.path.module, roots):
            yield named


def _begun_at(module: str, project: Project) -> Path:
    """Return where a module begins: in its package, which may be in ``src``, or at the root.

    A folder without ``__init__.py`` is its package too, where no other has the name.
    """
    names = module.split(".")
    outer = [(names[:depth], names[depth:]) for depth in range(len(names) - 1, 0, -1)]
    for package, rest in outer:
        file = module_file(".".join(package), project.source_roots)
        if file and file.stem == "__init__":
            return file.parent.joinpath(*rest).with_suffix(".py")
    roots = [root for root in project.source_roots if root != project.generated]
    folders = ((root.joinpath(*package), rest) for package, rest in outer for root in roots)
    there = (folder.joinpath(*rest) for folder, rest in folders if folder.is_dir())
    return next(there, project.root.joinpath(*names)).with_suffix(".py")


def _extended_loss(item: Loaded) -> ImportPath | None:
    """Return the loss of a built-in trainer that a definition extends.

    It takes any trainer that has its fields; one of the user's takes its own trainer alone.
    """
    loss = item.inherited_loss
    return ImportPath.parse(loss) if loss.startswith("arctic_training.") else None


def recipe_path(definition: Path) -> Path:
    """Return the path of the starter recipe of a definition."""
    return definition.with_name(f"{definition.stem}.recipe.yaml")


def starter_recipe(spec: Definition, recipe: Path, project: Project) -> str:
    """Return the text of a trainer's starter recipe, for the path ``recipe``."""
    schema = project.generated / NAMESPACE / spec.package / "recipe.schema.json"
    offered = {slot.slot.section: slot.factories for slot in spec.sections}
    models = ["model", *(slot.slot.section for slot in spec.nested)]
    required = [field for field in spec.fields if field.is_required]
    optional = [field for field in spec.fields if not field.is_required]
    saving = _preferred("huggingface", offered["checkpoint"])
    checkpoint = textwrap.indent("\n".join([saving.name, *_own_lines(saving)]), "    ").strip()
    return fill(
        "recipe.yaml.j2",
        {
            "schema": Code(printable(Path(os.path.relpath(schema, recipe.parent)).as_posix())),
            "name": Code(spec.name),
            "sections": [Code(text) for text in _sections(offered, models)],
            "checkpoint": Code(checkpoint),
            "required": [Code(_line(field)) for field in required],
            "optional": [Code(_line(field)) for field in optional],
        },
    )


def _sections(offered: dict[str, tuple[FactorySpec, ...]], models: list[str]) -> Iterator[str]:
    """Iterate over sections that need nothing but the package, where the trainer accepts them."""
    for section in models:
        model = _preferred("random_llama", offered[section])
        real = next((f.name for f in offered[section] if _kind(f) == "huggingface"), "huggingface")
        yield _section(section, model, _MODELS[_kind(model)].format(real))
    tokenizer = _preferred("byte_level_bpe", offered["tokenizer"])
    if tokenizer.built_in.name == "byte_level_bpe" or _own_lines(tokenizer):
        other = next((f.name for f in offered["tokenizer"] if _kind(f) == "huggingface"), "")
        real = f"take `{other}`" if other else "offer `huggingface` in the definition"
        yield _section("tokenizer", tokenizer, _TOKENIZERS.get(_kind(tokenizer), "").format(real))
    data = offered["data"][0]
    yield _section("data", data, _DATA.format(_SOURCES.get(data.built_in.name, "python_docs")))
    optimizer, scheduler = offered["optimizer"][0], offered["scheduler"][0]
    named = [f"type: {optimizer.name}"] if optimizer.own else []
    yield "optimizer:" + _indented([*named, "learning_rate: 2e-3", *_own_lines(optimizer)])
    more = _SCHEDULERS.get(scheduler.built_in.name, "")
    if more or _own_lines(scheduler):
        yield _section("scheduler", scheduler, more)


def _section(name: str, factory: FactorySpec, more: str = "") -> str:
    """Return a section with its type, some lines more, and the keys of its own that it needs."""
    return f"{name}:\n  type: {factory.name}{more}{_indented(_own_lines(factory))}"


def _indented(lines: list[str]) -> str:
    return "".join(f"\n  {line}" for line in lines)


def _own_lines(factory: FactorySpec) -> list[str]:
    """Return the keys of the section of a user's factory that have no default."""
    fields = factory.own.fields if factory.own else ()
    return [_line(field) for field in fields if field.is_required]


_MODELS: Final = {
    "random_llama": """  # small, with random weights; `{}` loads a real one
  dtype: fp32
  disable_activation_checkpoint: true""",
    "huggingface": """
  name_or_path: ./model  # or a name on the hub""",
}
_SCHEDULERS: Final = {
    "wsd": """
  num_warmup_steps: 10
  num_decay_steps: 20""",
}
"""What a scheduler cannot be without."""

_TOKENIZERS: Final = {
    "byte_level_bpe": """  # trained by this run; {} with a pretrained model""",
}

_SOURCES: Final = {"dpo": "python_docs_preference", "unpaired": "python_docs_preference"}
"""The source that needs no network, of data factories that do not take `python_docs`."""

_DATA: Final = """
  sources:  # what is trained on
    - type: {}
  # train_eval_split: [0.9, 0.1]  # keeps a tenth of it as the evaluation set, for `eval_interval`
  max_length: 512
  div_length: 32"""


def _preferred(name: str, offered: tuple[FactorySpec, ...]) -> FactorySpec:
    """Return the first factory that is built in under a name or extends that, else the first."""
    return next((factory for factory in offered if _kind(factory) == name), offered[0])


def _kind(factory: FactorySpec) -> str:
    """Return the name of the built-in factory that a factory is, or extends in the end."""
    return factory.built_in.extends or factory.built_in.name


def _line(field: FieldSpec) -> str:
    """Return a field as a line of YAML: a value that its type takes, and what it means."""
    value = sample(field.type) if isinstance(field.default, Missing) else field.default
    meaning = " ".join(field.description.split())
    text = f"{field.name}: {json.dumps(value, ensure_ascii=False)}"
    return printable(f"{text}  # {meaning}" if meaning else text)
