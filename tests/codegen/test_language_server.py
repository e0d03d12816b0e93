"""What the real yaml-language-server proposes in recipes and definitions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

import pytest

from arctic_training.definition.factories.builtin import built_in_factories
from arctic_training.document import JSON
from arctic_training.recipe import recipe_schema
from tests.language_server import LanguageServer, installed_server
from tests.support import DEFINITION, ROOT, arctic_gen, write

_NEWEST: Final = "2.0.0"
_OLDER: Final = ("1.15.0", "1.20.0")
_Rule = dict[str, JSON]


@pytest.fixture(
    scope="module",
    params=[_NEWEST, *(pytest.param(each, marks=pytest.mark.full) for each in _OLDER)],
)
def server(request: pytest.FixtureRequest) -> Iterator[LanguageServer]:
    """Return a running server of each version."""
    with LanguageServer(installed_server(request.param)) as running:
        yield running


def _schema(name: str) -> Path:
    return ROOT / f"generated/arctic_trainers/{name}/recipe.schema.json"


def _line(schema: Path) -> str:
    return f"# yaml-language-server: $schema={schema}\n"


def _labels(server: LanguageServer, text: str) -> set[str]:
    """Return what is proposed at the bar; no proposal puts in what no YAML means."""
    found = server.complete(text)
    assert [each for each in found if "[object" in json.dumps(each)] == []
    assert server.errors == []
    return {each["label"] for each in found}


def _useful(rule: _Rule) -> set[str]:
    """Return the keys of an object that have an effect."""
    return {
        name
        for name, each in cast("dict[str, _Rule]", rule["properties"]).items()
        if not each.get("doNotSuggest") and not each.get("deprecationMessage")
    }


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return the schemas of the built-in trainers, of examples, and of one with every field."""
    folder = tmp_path_factory.mktemp("project")
    write(folder / "every.yaml", DEFINITION)
    names = ["distillation", "focal", "kto", "orpo", "reward", "simpo"]
    examples = [ROOT / "examples" / name / f"{name}.yaml" for name in names]
    made = arctic_gen("new-trainer", "--no-verify", "every.yaml", *examples, folder=folder)
    assert made.code == 0, made.err
    generated = sorted(folder.glob("generated/arctic_trainers/*/recipe.schema.json"))
    return [*map(_schema, ["causal", "dpo", "sft"]), *generated]


def test_all_keys_of_a_recipe_are_proposed(server: LanguageServer, schemas: list[Path]) -> None:
    """Of every trainer, at the top and in each section, but none without an effect."""
    assert len(schemas) >= 4
    for path in schemas:
        root = recipe_schema(path.parent).root
        proposed = _labels(server, f"{_line(path)}|\n")
        keys = set(cast("_Rule", root["properties"]))
        assert proposed & keys == _useful(root), path
        for key in sorted(_useful(root)):
            _labels(server, f"{_line(path)}{key}:\n  |\n")
            _labels(server, f"{_line(path)}{key}: |\n")


@pytest.mark.parametrize(
    ("way", "definition"),
    [
        ("model:\n  |", "HFModelConfig"),
        ("model:\n  type: random_llama\n  |", "RandomLlamaConfig"),
        ("optimizer:\n  |", "FusedAdamConfig"),
        ("optimizer:\n  type: muon\n  |", "MuonConfig"),
        ("checkpoint:\n  - |", "DeepSpeedCheckpointConfig"),
        ("checkpoint:\n  |", "DeepSpeedCheckpointConfig"),
        ("checkpoint:\n  - type: huggingface\n    |", "HFCheckpointConfig"),
        ("data:\n  |", "SFTDataConfig"),
        ("data:\n  sources:\n    - |", "HFInstructSourceConfig"),
        ("data:\n  sources:\n    - type: python_docs\n      |", "PythonDocsSourceConfig"),
        ("deepspeed:\n  zero_optimization:\n    |", "ZeROConfig"),
    ],
)
def test_keys_of_a_section_are_those_of_its_type(
    way: str, definition: str, server: LanguageServer
) -> None:
    """Where nothing is written yet, the keys of the default type are proposed, and `type`."""
    path = _schema("sft")
    section = cast("dict[str, _Rule]", recipe_schema(path.parent).root["definitions"])[definition]
    proposed = _labels(server, f"{_line(path)}type: sft\n{way}\n")
    written = {"type"} if "type:" in way else set()
    assert proposed >= _useful(section) - written
    assert not proposed & (set(cast("_Rule", section["properties"])) - _useful(section))


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("model:\n  type: |", {"huggingface", "random_llama"}),
        ("model:\n  dtype: |", {"bf16", "fp16", "fp32"}),
        ("checkpoint:\n  - type: |", {"deepspeed", "huggingface"}),
        ("data:\n  sources:\n    - type: |", {"huggingface_instruct", "python_docs", "function"}),
        ("data:\n  pad_to: |", {"div_length", "max_length"}),
        ("scheduler:\n  name: |", {"linear", "cosine", "constant_with_warmup"}),
        ("deepspeed:\n  zero_optimization:\n    stage: |", {"0", "1", "2", "3"}),
        ("deterministic: |", {"true", "false"}),
    ],
)
def test_values_of_a_choice_are_proposed(
    way: str, expected: set[str], server: LanguageServer
) -> None:
    """Also those of keys that only some types of a section have, behind conditions."""
    assert _labels(server, f"{_line(_schema('sft'))}{way}\n") >= expected


_SLOTS: Final = {
    "data_factory_type": "data",
    "model_factory_type": "model",
    "checkpoint_engine_type": "checkpoint",
    "optimizer_factory_type": "optimizer",
    "scheduler_factory_type": "scheduler",
    "tokenizer_factory_type": "tokenizer",
}


@pytest.mark.parametrize("slot", _SLOTS)
@pytest.mark.parametrize("way", ["{}: |", "{}: [|]", "{}:\n  - |"])
def test_all_factories_of_a_slot_are_proposed(slot: str, way: str, server: LanguageServer) -> None:
    """As a value, and in both kinds of lists: all that are built in."""
    text = f"{_line(ROOT / 'schemas/trainer.schema.json')}{way.format(slot)}\n"
    assert _labels(server, text) >= set(built_in_factories()[_SLOTS[slot]])


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("|", {"name", "config_type", "metrics", "callbacks", "extends"}),
        ("extends: |", {"sft", "causal", "dpo"}),
        ("coupling: |", {"sample", "micro_batch", "global_batch"}),
        ("metrics:\n  accuracy: |", {"mean", "sum"}),
        ("callbacks:\n  |", {"pre-step", "post-step"}),
        ("config_type:\n  properties:\n    a:\n      |", {"type", "default", "minimum"}),
        ("config_type:\n  properties:\n    a:\n      type: |", {"number", "string", "boolean"}),
    ],
)
def test_a_definition_is_completed(way: str, expected: set[str], server: LanguageServer) -> None:
    """Keys and values of each part of a definition are proposed."""
    text = f"{_line(ROOT / 'schemas/trainer.schema.json')}{way}\n"
    assert _labels(server, text) >= expected


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("mi|cro_batch_size: 2", "Samples in one forward pass"),
        ("model:\n  dt|ype: bf16", "Precision of the weights"),
        ("optimizer:\n  type: muon\n  mom|entum: 0.9", "Decay of the running mean"),
        ("checkpoint:\n  - output_|dir: ./x", "older"),
    ],
)
def test_hovering_shows_what_a_key_means(way: str, expected: str, server: LanguageServer) -> None:
    """At the top, in a section, in one of another type than the default, and in a list."""
    assert expected in server.hover(f"{_line(_schema('sft'))}type: sft\n{way}\n")
