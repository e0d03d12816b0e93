"""CPU time of generating, beside datamodel-code-generator on the same 60 fields, the least of runs.

What it writes is one module of models. Ours writes the models, the trainer, the recipe schema, a
page, a loss and a recipe, and looks up what it names.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from arctic_training.document import JSON
from tests.benchmarks.commands import cpu_ms
from tests.benchmarks.measurement import Measurement
from tests.support import DEFINITION, write

_FIELDS = 60
_MANY = 100
_RUNS = 7
_NEW = "new-trainer --no-verify"
_BUDGET_ONE = 400
_BUDGET_AGAIN = 350
_BUDGET_RATIO = 4
_BUDGET_CHECK = 1.1


def measure() -> Iterator[Measurement]:
    """Measure one definition, a hundred, their check, and a hundred again without a change."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        theirs = _theirs(folder / "theirs")
        wide = _ours(folder / "wide", 1, _fields())
        yield Measurement(name=f"datamodel-codegen, {_FIELDS} fields", value=theirs, unit="ms")
        yield Measurement(name=f"{_NEW}, the same", value=wide, unit="ms")
        yield Measurement(
            name="the same / datamodel-codegen", value=wide / theirs, unit="x", budget=1
        )
        one = _ours(folder / "one", 1, {})
        many = _ours(folder / "many", _MANY, {})
        yield Measurement(name=f"{_NEW}, 1 definition", value=one, unit="ms", budget=_BUDGET_ONE)
        yield Measurement(name=f"{_NEW}, {_MANY} definitions", value=many, unit="ms")
        ratio = many / one
        yield Measurement(name=f"{_MANY} / 1", value=ratio, unit="x", budget=_BUDGET_RATIO)
        checked = _checked(folder / "checked")
        ratio = checked / many
        name = f"check --no-verify / {_NEW}, {_MANY} definitions"
        yield Measurement(name=name, value=ratio, unit="x", budget=_BUDGET_CHECK)
        again = _again(folder / "again")
        name = f"{_NEW}, {_MANY} definitions, unchanged"
        yield Measurement(name=name, value=again, unit="ms", budget=_BUDGET_AGAIN)


def _fields() -> dict[str, JSON]:
    kinds: list[dict[str, JSON]] = [
        {"type": "number", "minimum": 0, "maximum": 1, "default": 0.5},
        {"type": "integer", "minimum": 1, "default": 3},
        {"type": "string", "minLength": 1, "default": "a text"},
        {"enum": ["fast", "exact"], "default": "fast"},
        {"type": "array", "items": {"type": "integer"}, "default": [1, 2]},
        {"type": "boolean", "default": True},
    ]
    return {
        f"field_{n}": {"description": f"What the field {n} is for.", **kinds[n % len(kinds)]}
        for n in range(_FIELDS)
    }


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _theirs(folder: Path) -> float:
    schema = {"title": "Wide", "type": "object", "properties": _fields()}
    source = write(folder / "wide.json", json.dumps(schema, indent=2))
    command = [sys.executable, "-m", "datamodel_code_generator", "--input", str(source), "--output"]
    command += [str(folder / "made.py"), "--input-file-type", "jsonschema", "--use-annotated"]
    command += ["--output-model-type", "pydantic_v2.BaseModel", "--target-python-version", "3.11"]
    return cpu_ms(command, runs=_RUNS, before=lambda: (folder / "made.py").unlink(missing_ok=True))


def _definitions(folder: Path, count: int, fields: dict[str, JSON]) -> list[str]:
    write(folder / "pyproject.toml", "")
    paths = []
    for number in range(count):
        values = yaml.safe_load(DEFINITION.replace("Mine", f"Mine{number}"))
        values |= {"name": f"mine{number}", "loss": f"mine{number}_loss:mine_loss"}
        values["config_type"]["properties"] |= fields
        paths.append(write(folder / f"mine{number}.yaml", yaml.safe_dump(values, sort_keys=False)))
    return [str(path) for path in paths]


def _ours(folder: Path, count: int, fields: dict[str, JSON]) -> float:
    """Measure runs that find nothing made before."""
    folders = iter([folder / str(run) for run in range(_RUNS)])
    paths: list[str] = []
    command = [_program("arctic-gen"), "new-trainer", "--no-verify"]

    def fresh() -> None:
        paths[:] = _definitions(next(folders), count, fields)
        command[3:] = paths

    return cpu_ms(command, runs=_RUNS, before=fresh)


def _checked(folder: Path) -> float:
    """Measure comparisons of what was made with its definitions, which write nothing."""
    command = [_program("arctic-gen"), "new-trainer", "--no-verify"]
    paths = _definitions(folder, _MANY, {})
    cpu_ms([*command, *paths], runs=1)
    return cpu_ms([_program("arctic-gen"), "check", "--no-verify", *paths], runs=_RUNS)


def _again(folder: Path) -> float:
    """Measure runs after one that made everything, and see that they touch nothing."""
    command = [_program("arctic-gen"), "new-trainer", "--no-verify"]
    command += _definitions(folder, _MANY, {})
    cpu_ms(command, runs=1)
    before = _times(folder)
    took = cpu_ms(command, runs=_RUNS)
    assert _times(folder) == before, "a run without changes touched a file"
    return took


def _times(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
