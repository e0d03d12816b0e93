"""What holds for every model of a recipe."""

from __future__ import annotations

import builtins
import importlib
import os
import pkgutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from pydantic import ValidationError

import arctic_training.config
from arctic_trainers.sft.config import SFTTrainerConfig
from arctic_training.config.attribute_docs import attribute_docs
from arctic_training.config.base import Config
from arctic_training.config.data import PythonDocsSourceConfig, SFTDataConfig
from arctic_training.config.model import RandomLlamaConfig
from arctic_training.config.zero import ZeROConfig
from arctic_training.document.schema_forms import JSONSchema, default_of, examples_of, for_editors
from tests.support import python

_MODULES = [m.name for m in pkgutil.iter_modules(arctic_training.config.__path__)]


def _models(parent: type[Config] = Config) -> Iterator[type[Config]]:
    for model in parent.__subclasses__():
        if model.__module__.startswith("arctic_training."):
            yield model
            yield from _models(model)


for _module in _MODULES:
    importlib.import_module(f"arctic_training.config.{_module}")


@pytest.mark.parametrize("model", list(dict.fromkeys(_models())))
def test_every_model_is_closed_frozen_strict_and_explained(model: type[Config]) -> None:
    """Each model refuses unknown keys and changes, and each of its fields says what it is."""
    settings = model.model_config
    assert (settings["extra"], settings["frozen"], settings["strict"]) == ("forbid", True, True)
    assert settings["allow_inf_nan"] is False
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        model.model_validate({"no_such_field": 1})
    unsaid = {name for name in model.model_fields if not attribute_docs(model).get(name)}
    assert unsaid <= {"type"}


def test_a_config_never_changes() -> None:
    """Neither a value nor a list of values can be changed or added."""
    config = SFTDataConfig(sources=(PythonDocsSourceConfig(),))
    with pytest.raises(ValidationError, match="frozen"):
        config.max_length = 1  # type: ignore[misc]  # which says the same
    assert isinstance(config.sources, tuple)
    assert hash(config) == hash(SFTDataConfig(sources=(PythonDocsSourceConfig(),)))


def test_only_numbers_are_read_from_texts() -> None:
    """Texts become numbers where numbers belong, and nothing else is converted."""
    values = {"hidden_size": "1Ki", "intermediate_size": 2.0, "disable_activation_checkpoint": True}
    model = RandomLlamaConfig.model_validate(values)
    assert (model.hidden_size, model.intermediate_size) == (1024, 2)
    for wrong in ({"hidden_size": True}, {"dtype": 1}, {"disable_activation_checkpoint": "true"}):
        with pytest.raises(ValidationError):
            RandomLlamaConfig.model_validate(wrong)
    with pytest.raises(ValidationError):
        ZeROConfig.model_validate({"stage": 4})


def test_validating_touches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is looked at, no name looked up, no folder made, though the recipe names both."""

    def refuse(*_arguments: object, **_options: object) -> NoReturn:
        raise AssertionError("validation is pure")

    here = os.fspath(arctic_training.config.__path__[0])
    recipe = {
        "model": {"name_or_path": here},
        "data": {"sources": {"type": "huggingface_instruct", "name_or_path": here}},
        "checkpoint": {"output_dir": here},
        "train_log_metrics_path": here,
    }
    monkeypatch.setattr(builtins, "open", refuse)
    for name in ("stat", "open", "scandir", "mkdir"):
        monkeypatch.setattr(os, name, refuse)
    monkeypatch.setattr(socket, "socket", refuse)
    config = SFTTrainerConfig.model_validate(recipe)
    monkeypatch.undo()
    assert os.fspath(config.checkpoint[0].output_dir) == here


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({}, "second/metrics.jsonl"),
        ({"train_log_metrics_path": "here.jsonl"}, "here.jsonl"),
        ({"train_log_metrics_path": None}, None),
        ({"checkpoint": []}, None),
    ],
)
def test_metrics_stand_with_the_first_checkpoints(
    said: dict[str, object], path: str | None
) -> None:
    """Metrics that the recipe does not place stand where checkpoints do, if there are any."""
    folders = [{"output_dir": "first", "enabled": False}, {"output_dir": "second"}]
    needed = {"model": {"name_or_path": "a"}, "data": {"sources": {"name_or_path": "b"}}}
    config = SFTTrainerConfig.model_validate({**needed, "checkpoint": folders, **said})
    assert config.metrics_path == (path and Path(path))


def test_the_models_import_no_torch() -> None:
    """Editors and `validate` pay for pydantic at most: no model pulls in what trains."""
    modules = [f"arctic_training.config.{name}" for name in _MODULES]
    code = (
        f"import sys, importlib as i; [i.import_module(m) for m in {modules}];"
        "i.import_module('arctic_trainers.sft.config');"
        "print(sorted({'torch', 'transformers', 'deepspeed', 'datasets'} & sys.modules.keys()))"
    )
    assert python("-c", code) == (0, "[]\n", "")


def test_names_of_fields_are_no_keywords() -> None:
    """A schema for editors keeps fields that are called as keywords are, whatever they hold."""
    inner: JSONSchema = {"anyOf": [{"type": "string"}, {"type": "array", "items": [{}]}]}
    names = ["default", "examples", "enum", "properties", "x-default"]
    schema: JSONSchema = {"type": "object", "properties": dict.fromkeys(names, inner)}
    assert for_editors(schema) == schema


def test_a_nested_default_is_a_snippet_for_editors() -> None:
    """It is still the default for whoever asks; what is flat stays as it is."""
    nested, flat = [{"a": 1}], {"a": {"b": [1]}}
    made = for_editors({"default": nested, "examples": [1, flat, [1], nested]})
    assert default_of(made) == {"default": nested}
    assert made["examples"] == [1, [1]]
    assert examples_of(made) == [1, [1], flat, nested]
    assert for_editors({"default": flat}) == {"default": flat}
