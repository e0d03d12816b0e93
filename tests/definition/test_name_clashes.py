"""Every name in generated code means one thing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml

from arctic_training.definition.stages import read_definitions
from arctic_training.diagnostics import Diagnostic
from arctic_training.document import JSON
from tests.support import DEFINITION, RICH_DEFINITION, arctic_gen, write


def _problems(folder: Path, text: str) -> list[Diagnostic]:
    return read_definitions([write(folder / "mine.yaml", text)])[1]


def _imported(code: Path) -> set[str]:
    tree = ast.parse(code.read_text(encoding="utf-8"))
    lines = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module != "__future__"]
    aliases = [alias for node in lines for alias in node.names]
    modules = [a for node in tree.body if isinstance(node, ast.Import) for a in node.names]
    return {alias.asname or alias.name for alias in [*aliases, *modules]}


def test_no_loss_takes_a_name_that_generated_code_uses(tmp_path: Path) -> None:
    """Whatever a generated file or a stub imports or defines, a loss cannot be called."""
    text = RICH_DEFINITION + "metrics: {accuracy: mean}\n"
    write(tmp_path / "made/mine.yaml", text)
    assert arctic_gen("new-trainer", "--no-verify", "made/mine.yaml", folder=tmp_path).code == 0
    files = [
        *tmp_path.rglob("config.py"),
        *tmp_path.rglob("trainer.py"),
        *tmp_path.rglob("*_loss.py"),
    ]
    names = set().union(*map(_imported, files)) - {"mine_loss"}
    names |= {"MineTrainer", "MineTrainerConfig", "MineTeacherConfig", "batch", "self"}
    assert names > {"Trainer", "override", "SFTBatch", "LossOutput", "Field", "F", "Term"}
    line = text[: text.index("loss: ")].count("\n") + 1
    for name in sorted(names):
        (problem,) = _problems(tmp_path, text.replace(":mine_loss", f":{name}"))
        assert (problem.code, problem.span.line) == ("name-taken", line), name
        assert problem.message.startswith(f"loss `{name}` collides")


def _object(**fields: JSON) -> dict[str, JSON]:
    return {"type": "object", "properties": {"x": {"type": "integer", "default": 1}, **fields}}


@pytest.mark.parametrize(
    ("config", "fields", "clash"),
    [
        ("Mine", {"a_b": _object(), "a__b": _object()}, "MineABConfig"),
        (
            "Mine",
            {"a": {"type": "object", "properties": {"b": _object()}}, "a_b": _object()},
            "MineABConfig",
        ),
        ("Mine", {"trainer": _object()}, "MineTrainerConfig"),
        ("S", {"f_t_data": {"type": "array", "items": _object()}}, "SFTDataConfig"),
        ("Deep", {"speed_checkpoint": _object()}, "DeepSpeedCheckpointConfig"),
        (
            "Fused",
            {"adam": {"type": "object", "additionalProperties": _object()}},
            "FusedAdamConfig",
        ),
    ],
)
def test_no_model_takes_a_name_of_another(
    config: str, fields: dict[str, JSON], clash: str, tmp_path: Path
) -> None:
    """The class of a nested object is neither that of another field, nor one that is imported."""
    values = yaml.safe_load(DEFINITION)
    values["config_type"] = {"name": f"{config}TrainerConfig", "properties": fields}
    (problem,) = _problems(tmp_path, yaml.safe_dump(values, sort_keys=False))
    assert problem.code == "name-taken"
    assert clash in problem.message
    assert list(fields)[-1] in problem.span.source.lines[problem.span.line - 1]


@pytest.mark.parametrize("name", ["MineTrainerBase", "MineTrainerConfig", "override", "SFTBatch"])
def test_no_implementation_takes_a_name_of_its_base(name: str, tmp_path: Path) -> None:
    """A hand-written class is called otherwise than what it is made from."""
    text = DEFINITION.replace("loss: mine_loss:mine_loss", f"implementation: m:{name}")
    assert [problem.code for problem in _problems(tmp_path, text)] == ["name-taken"]


def test_the_bare_config_class_is_refused(tmp_path: Path) -> None:
    """The name of the class that all configs derive from is no name for one of them."""
    (problem,) = _problems(tmp_path, DEFINITION.replace("MineTrainerConfig", "TrainerConfig"))
    assert problem.code == "malformed"
