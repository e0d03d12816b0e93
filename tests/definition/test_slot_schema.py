"""The slot table: one row gives a slot to definitions, generated code, recipes and the runtime."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from arctic_training.definition.slot_schema import render_slots
from arctic_training.project.resources import resource
from tests.support import ROOT, python, write

_ROW: Final = """\
    _slot(
        "averager",
        "AveragerFactory",
        "AveragerConfig",
        module="optimizer.averager",
        optional="The average of the weights.",
    ),
)
"""
_ENTRY: Final = """\
averager:
  exponential:
    class: arctic_training.optimizer.averager:ExponentialAveragerFactory
    config: arctic_training.config.averager:ExponentialAveragerConfig
"""
_SECTION: Final = '''\
"""Sections of averagers."""

from typing import Literal

from arctic_training.config.base import SectionConfig


class AveragerConfig(SectionConfig, frozen=True):
    """Section of an averager."""


class ExponentialAveragerConfig(AveragerConfig, frozen=True):
    """Section of the exponential moving average."""

    type: Literal["exponential"] = "exponential"
    decay: float = 0.5
    """Share of the old average that is kept at each step."""
'''
_FACTORY: Final = '''\
"""Averagers."""

from typing import Generic, TypeVar

from arctic_training.config.averager import AveragerConfig, ExponentialAveragerConfig
from arctic_training.core.factory import Factory

Averager_co = TypeVar("Averager_co", bound=AveragerConfig, covariant=True)


class AveragerFactory(Factory[Averager_co, float], Generic[Averager_co], root=True):
    """Makes an averager."""


class ExponentialAveragerFactory(AveragerFactory[ExponentialAveragerConfig]):
    """Makes an exponential moving average."""

    name = "exponential"
    config_type = ExponentialAveragerConfig

    def create(self):
        return self.config.decay
'''
_DEFINITION: Final = """\
schema_version: 1
name: averaged
extends: sft
averager_factory_type: exponential
"""
_RUN: Final = """
import json
import sys
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, "generated")
from arctic_training.config.sections import sections_schema
from arctic_training.definition.slot_schema import render_slots

Path("schemas/sections.schema.json").write_text(json.dumps(sections_schema(), indent=2) + "\\n")
schema = Path("schemas/trainer.schema.json")
schema.write_text(render_slots(schema.read_text()))

from arctic_training.cli.gen import main

for definition in ("schemas/trainers/sft.yaml", "averaged.yaml"):
    with suppress(SystemExit):
        main(["new-trainer", "--no-verify", definition])

from arctic_trainers.averaged.config import AveragedTrainerConfig

recipe = {"averager": {"decay": 0.25}, "model": {"type": "random_llama"}}
recipe["data"] = {"sources": [{"type": "python_docs"}]}
config = AveragedTrainerConfig.model_validate(recipe)
trainer = Path("generated/arctic_trainers/averaged/trainer.py").read_text()
assert "averager_factory_type = ExponentialAveragerFactory" in trainer
assert "return ExponentialAveragerFactory(self, self.config.averager)" in trainer
assert "torch" not in sys.modules
print("averager:", config.averager)
"""


def test_the_schema_of_definitions_follows_the_table() -> None:
    """The slots in the schema are those of the table; `make generate` renders them."""
    written = resource("schemas/trainer.schema.json").read_text(encoding="utf-8")
    assert render_slots(written) == written


def test_an_eighth_slot_takes_four_files(tmp_path: Path) -> None:
    """A row of the table, a list of factories, a section and a factory: a trainer can name it.

    In a copy of the tree with these four hand-written files, the schemas are rendered, a definition
    that names the slot is generated and its recipe is loaded. Other trainers stay byte for byte as
    they are. `tests/trainer/test_slots.py` shows that the runtime makes the factory.
    """
    for folder in ("arctic_training", "schemas", "templates", "generated"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.pyc"))
    touched = _patch(tmp_path)
    assert len(touched) <= 4
    write(tmp_path / "averaged.yaml", _DEFINITION)
    write(tmp_path / "pyproject.toml", "")
    code, out, err = python("-c", _RUN, folder=tmp_path)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "averager: type='exponential' decay=0.25"
    for name in ("trainer.py", "config.py", "recipe.schema.json"):
        made = Path("generated/arctic_trainers/sft", name)
        assert (tmp_path / made).read_bytes() == (ROOT / made).read_bytes()


def _patch(tree: Path) -> list[Path]:
    """Add the slot to a copy of the tree; return the hand-written files that it touches."""
    table, factories = tree / "arctic_training/config/slots.py", tree / "schemas/factories.yaml"
    text = table.read_text(encoding="utf-8")
    rows, _, _ = text.rpartition(")\n")
    write(table, rows + _ROW)
    write(factories, factories.read_text(encoding="utf-8") + _ENTRY)
    section = write(tree / "arctic_training/config/averager.py", _SECTION)
    factory = write(tree / "arctic_training/optimizer/averager.py", _FACTORY)
    return [table, factories, section, factory]
