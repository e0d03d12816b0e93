"""What is made of config fields: a model and a recipe schema, without a project."""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import yaml
from pydantic import ValidationError

from arctic_training.codegen.formatting import lay_out
from arctic_training.codegen.plan import plan
from arctic_training.codegen.render import render
from arctic_training.config.attribute_docs import attribute_docs
from arctic_training.config.trainer import TrainerConfig
from arctic_training.definition.stages import read_definitions
from arctic_training.diagnostics import Diagnostic
from arctic_training.document import JSON
from arctic_training.validation import Schema
from arctic_training.validation.shared_sections import self_contained
from tests.support import DEFINITION, write

__all__ = ["SECTIONS", "made_of", "model_of", "refused_by"]

_SERIAL = count()
SECTIONS: dict[str, JSON] = {
    "model": {"type": "random_llama"},
    "data": {"sources": {"type": "python_docs"}},
}
"""The sections of a recipe that have to be there."""


def model_of(properties: Mapping[str, JSON]) -> tuple[type[TrainerConfig], Schema]:
    """Return the model and the recipe schema that are made of some fields."""
    model, schema, problems = made_of(properties)
    assert problems == []
    return model, schema


def made_of(
    properties: Mapping[str, JSON],
    *,
    definitions: Mapping[str, JSON] | None = None,
    laid_out: bool = False,
) -> tuple[type[TrainerConfig], Schema, list[Diagnostic]]:
    """Return the same, or with the last what is wrong with the fields."""
    definition = yaml.safe_load(DEFINITION)
    definition["config_type"]["properties"] = properties
    definition["definitions"] = definitions or {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = write(folder / "mine.yaml", yaml.safe_dump(definition, default_style='"'))
        loaded, problems = read_definitions([path])
        if problems:
            return TrainerConfig, Schema({}), problems
        made = render(plan(loaded[0].spec))
        file = write(folder / "made/config.py", made["arctic_trainers/mine/config.py"])
        if laid_out:
            lay_out(file.parent)
        module = importlib.util.spec_from_file_location(f"made_config_{next(_SERIAL)}", file)
        assert module is not None
        assert module.loader is not None
        config = importlib.util.module_from_spec(module)
        sys.modules[module.name] = config
        module.loader.exec_module(config)
        model = config.MineTrainerConfig
        attribute_docs(model)  # remembered, while its file is there
    assert issubclass(model, TrainerConfig)
    recipes = json.loads(made["arctic_trainers/mine/recipe.schema.json"])
    return model, Schema(self_contained(recipes)), []


def refused_by(model: type[TrainerConfig], recipe: Mapping[str, JSON]) -> set[str | int]:
    """Return the fields in which the model refuses a recipe."""
    try:
        model.model_validate(recipe)
    except ValidationError as error:
        return {problem["loc"][0] for problem in error.errors()}
    return set()
