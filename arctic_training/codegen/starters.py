"""Files that a user begins with: the stub of a loss or of an implementation, and a recipe.

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
from arctic_training.codegen.resolve import import_roots
from arctic_training.codegen.samples import sample
from arctic_training.codegen.spec import FieldSpec, ImportPath, Missing, TrainerSpec
from arctic_training.codegen.stubs import stub
from arctic_training.project import NAMESPACE, Project, module_file

__all__ = ["recipe_path", "starter_files"]


def starter_files(
    spec: TrainerSpec, definition: Path, project: Project
) -> Iterator[tuple[Path, str]]:
    """Iterate over files of the user's that do not exist, with the texts to begin with."""
    for path in (spec.loss, spec.implementation):
        if path and (file := _missing_module(path, project)) is not None:
            yield file, stub(spec, path)
    recipe = recipe_path(definition)
    if not recipe.exists():
        yield recipe, _recipe(spec, recipe, project)


def recipe_path(definition: Path) -> Path:
    """Return where the starter recipe of a definition stands."""
    return definition.with_name(f"{definition.stem}.recipe.yaml")


def _missing_module(path: ImportPath, project: Project) -> Path | None:
    """Return the file that a module of the user's is to be written to, if there is none."""
    if module_file(path.module, import_roots(project)):
        return None
    return project.root / Path(*path.module.split(".")).with_suffix(".py")


def _recipe(spec: TrainerSpec, recipe: Path, project: Project) -> str:
    schema = project.generated / NAMESPACE / spec.package / "recipe.schema.json"
    offered = {slot.slot.section: [f.name for f in slot.factories] for slot in spec.sections}
    models = ["model", *(slot.slot.section for slot in spec.nested)]
    required = [field for field in spec.fields if field.is_required]
    optional = [field for field in spec.fields if not field.is_required]
    return fill(
        "recipe.yaml.j2",
        {
            "schema": Code(printable(Path(os.path.relpath(schema, recipe.parent)).as_posix())),
            "name": Code(spec.name),
            "sections": [Code(text) for text in _sections(offered, models)],
            "checkpoint": Code(_preferred("huggingface", offered["checkpoint"])),
            "required": [Code(_line(field)) for field in required],
            "optional": [Code(_line(field)) for field in optional],
        },
    )


def _sections(offered: dict[str, list[str]], models: list[str]) -> list[str]:
    """Return sections that need nothing but the package, where the trainer takes such."""
    sections = [
        _MODELS[_preferred("random_llama", offered[section])].format(section=section)
        for section in models
    ]
    if (tokenizer := _preferred("byte_level_bpe", offered["tokenizer"])) == "byte_level_bpe":
        sections.append(f"tokenizer:\n  type: {tokenizer}")
    kind = offered["data"][0]
    sections.append(_DATA.format(kind=kind, source=_SOURCES.get(kind, "python_docs")))
    sections.append("optimizer:\n  learning_rate: 2e-3")
    return sections


_MODELS: Final = {
    "random_llama": textwrap.dedent("""\
        {section}:
          type: random_llama  # small, with random weights; `huggingface` loads a real one
          dtype: fp32
          disable_activation_checkpoint: true"""),
    "huggingface": textwrap.dedent("""\
        {section}:
          type: huggingface
          name_or_path: ./model  # or a name on the hub"""),
}
_SOURCES: Final = {"dpo": "python_docs_preference"}
"""The source that needs no network, of data factories that do not take `python_docs`."""

_DATA: Final = textwrap.dedent("""\
    data:
      type: {kind}
      sources:
        - type: {source}
      max_length: 512
      div_length: 32""")


def _preferred(name: str, offered: list[str]) -> str:
    return name if name in offered else offered[0]


def _line(field: FieldSpec) -> str:
    """Return a field as a line of YAML: a value that its type takes, and what it means."""
    value = sample(field.type) if isinstance(field.default, Missing) else field.default
    meaning = " ".join(field.description.split())
    text = f"{field.name}: {json.dumps(value, ensure_ascii=False)}"
    return printable(f"{text}  # {meaning}" if meaning else text)
