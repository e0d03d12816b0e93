"""Generated code under mypy, strictly: 60 definitions by hand, and 500 that are drawn."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
import yaml
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from arctic_training.document import JSON
from tests.definition.fields.test_reading import fields, names
from tests.support import DEFINITION, ROOT, arctic_gen, python, write

_OBJECT: Final = "{type: object, properties: {a: {type: integer}, b: {type: string, default: x}}}"
_FIELDS: Final = [
    "{type: boolean}",
    "{type: boolean, default: true}",
    "{type: [boolean, 'null'], default: null}",
    "{type: integer}",
    "{type: integer, minimum: 1, maximum: 9, multipleOf: 2, default: 4}",
    "{type: integer, exclusiveMinimum: 0, exclusiveMaximum: 2048, default: 1Ki}",
    "{type: ['null', integer], default: 3}",
    "{type: number}",
    "{type: number, minimum: 0, exclusiveMaximum: 1, default: 5%}",
    "{type: number, exclusiveMinimum: -1.5, maximum: 1e3, default: -1}",
    "{type: [number, 'null'], default: 2}",
    "{type: string}",
    "{type: string, minLength: 1, maxLength: 9, pattern: '^\\w+$', default: ab}",
    "{type: [string, 'null'], default: \"'\\\"\\\\\"}",
    "{type: string, format: path}",
    "{type: [string, 'null'], format: path, default: null}",
    "{type: string, format: uri, default: 'https://example.org'}",
    "{enum: [fast, exact], default: fast}",
    "{enum: [1, 2, 3], default: 2}",
    "{enum: [true, auto, 3, null], default: null}",
    "{type: string, enum: [a, b]}",
    "{const: only}",
    "{const: 7}",
    "{type: array, items: {type: integer}}",
    "{type: array, items: {type: number, minimum: 0}, minItems: 1, maxItems: 3, default: [1, 2]}",
    "{type: array, items: {enum: [a, b]}, uniqueItems: true, default: [a]}",
    "{type: array, items: {type: array, items: {type: string}}, default: [[a], []]}",
    "{type: [array, 'null'], items: {type: boolean}, default: null}",
    "{type: array, items: [{type: integer}, {type: string}], additionalItems: false}",
    "{type: array, items: [{type: number}], additionalItems: false, default: [1]}",
    f"{{type: array, items: {_OBJECT}, default: [{{a: 1}}]}}",
    f"{{type: array, items: [{_OBJECT}, {{type: number}}], additionalItems: false}}",
    "{type: object, additionalProperties: {type: number}, default: {a: 1}}",
    "{type: object, additionalProperties: {type: array, items: {type: integer}}, default: {}}",
    f"{{type: object, additionalProperties: {_OBJECT}}}",
    _OBJECT,
    "{type: object, properties: {a: {type: integer, default: 1}}, additionalProperties: false}",
    f"{{type: object, properties: {{one: {_OBJECT}, two: {_OBJECT}}}}}",
    f"{{type: [object, 'null'], properties: {{deep: {_OBJECT}}}, default: null}}",
    "{anyOf: [{type: integer}, {type: string}], default: auto}",
    "{anyOf: [{type: number}, {const: auto}, {type: 'null'}], default: null}",
    f"{{anyOf: [{_OBJECT}, {{type: array, items: {_OBJECT}}}], default: [{{a: 1}}]}}",
    "{anyOf: [{type: boolean}, {enum: [all, none]}], default: all}",
    "{$ref: '#/definitions/range'}",
    "{$ref: '#/definitions/range', default: {low: 0.5}}",
    "{anyOf: [{$ref: '#/definitions/range'}, {type: 'null'}], default: null}",
    "{type: array, items: {$ref: '#/definitions/range'}, default: []}",
    "{$ref: '#/definitions/share'}",
    "{oneOf: [{$ref: '#/definitions/flat'}, {$ref: '#/definitions/bent'}]}",
    "{oneOf: [{$ref: '#/definitions/flat'}, {$ref: '#/definitions/bent'}], default: {kind: flat}}",
    "{factory: model}",
    "{factory: model, description: What the trained one is held to.}",
]
_SHARED: Final = """\
definitions:
  share: {type: number, minimum: 0, maximum: 1, default: 0.5}
  range:
    type: object
    properties: {low: {type: number, default: 0}, high: {$ref: '#/definitions/share'}}
  flat: {type: object, properties: {kind: {const: flat}}}
  bent: {type: object, properties: {kind: {const: bent}, by: {$ref: '#/definitions/range'}}}
"""
_WHOLE: Final = [
    DEFINITION + "metrics: {one: mean, two: sum}\n",
    DEFINITION + "coupling: global_batch\n",
    DEFINITION.replace("data_factory_type: sft", "data_factory_type: dpo"),
    DEFINITION.replace("data_factory_type: sft", "data_factory_type: [sft, causal]"),
    DEFINITION.replace("scheduler_factory_type: huggingface", "scheduler_factory_type: [wsd]"),
    DEFINITION.replace("[deepspeed, huggingface]", "huggingface"),
    DEFINITION.replace("loss: mine_loss:mine_loss", "implementation: mine_own:Own"),
    DEFINITION + "implementation: mine_own:Own\n",
]
"""What else a definition can say, beside fields."""


def _by_hand() -> Iterator[str]:
    alpha = DEFINITION.partition("    alpha:\n")[2].partition("data_factory_type")[0]
    for field in _FIELDS:
        yield DEFINITION.replace(f"alpha:\n{alpha}", f"some: {field}\n", 1) + _SHARED
    yield from _WHOLE


def _drawn(count: int) -> Iterator[str]:
    """Draw definitions with one to three fields, until there are enough."""
    found: list[Mapping[str, JSON]] = []

    @given(st.dictionaries(names, fields, min_size=1, max_size=3))
    @settings(max_examples=count, phases=[Phase.generate])
    def draw(properties: Mapping[str, JSON]) -> None:
        found.append(properties)

    for number in range(count):
        if len(found) < count:
            seed(number)(draw)()
    for properties in found[:count]:
        definition = yaml.safe_load(DEFINITION)
        definition["config_type"]["properties"] = properties
        yield yaml.safe_dump(definition, default_style='"')


def _named(text: str, name: str) -> str:
    """Return a definition under another name, with a loss of its own."""
    text = re.sub(r"(\"?name\"?: \"?)mine\b", rf"\g<1>{name}", text, count=1)
    text = text.replace("MineTrainerConfig", f"{name.title()}TrainerConfig")
    return text.replace("mine_loss:", f"{name}_loss:").replace("mine_own:", f"{name}_own:")


def _generated(texts: list[str], folder: Path) -> Path:
    """Generate trainers, type-checked with mypy; return the folder of what was made."""
    paths = [f"t{number}.yaml" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        write(folder / path, _named(text, path.removesuffix(".yaml")))
    done = arctic_gen("new-trainer", *paths, folder=folder)
    assert (done.code, done.err) == (0, ""), done.out
    return folder / "generated"


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("step", "count"), [(10, 50), pytest.param(1, 500, marks=pytest.mark.full)]
)
def test_generated_code_is_strictly_typed(step: int, count: int, tmp_path: Path) -> None:
    """Mypy finds nothing in what is made of 60 definitions by hand and of 500 that are drawn.

    Nothing generated says `Any`, casts, or tells mypy to look away.
    """
    by_hand = list(_by_hand())
    assert len(by_hand) == 60
    texts = [*by_hand[::step], *_drawn(count)]
    made = _generated(texts, tmp_path)
    code = {path: path.read_text("utf-8") for path in made.rglob("*.py")}
    assert len(code) == 3 * len(texts)
    banned = re.compile(r"\bAny\b|\bcast\(|type: ignore|noqa")
    assert [path for path, text in code.items() if banned.search(text)] == []


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_pyright_finds_nothing_either(tmp_path: Path) -> None:
    """Pyright, strictly, finds nothing in what is made of the same 560 definitions."""
    made = _generated([*_by_hand(), *_drawn(500)], tmp_path)
    settings = {"typeCheckingMode": "strict", "include": [str(made)], "extraPaths": [str(made)]}
    write(tmp_path / "pyrightconfig.json", json.dumps(settings))
    done = subprocess.run(
        [
            Path(sys.executable).with_name("basedpyright"),
            *("--project", tmp_path, "--pythonpath", sys.executable),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_what_is_made_is_right_for_each_version_of_python(version: str, tmp_path: Path) -> None:
    """Mypy, as for one version of Python, finds nothing in generated and hand-written code."""
    made = _generated(list(_by_hand()), tmp_path)
    settings = (ROOT / "arctic_training/codegen/mypy.ini").read_text("utf-8")
    write(tmp_path / "mypy.ini", settings.replace("[mypy]\n", "[mypy]\nmypy_path = generated\n"))
    for folder, checked in ((tmp_path, [made]), (ROOT, [])):
        done = python("-m", "mypy", "--python-version", version, *checked, folder=folder)
        assert (done.code, done.err) == (0, ""), done.out
