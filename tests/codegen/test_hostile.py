"""A definition is text from anybody: none of it is run, and none of it breaks what is made."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from arctic_training.config.trainer import TrainerConfig
from arctic_training.document import JSON
from tests.support import DEFINITION, Result, arctic_gen, write

CANARY = "__import__('pathlib').Path('CANARY').touch()"
ATTACKS = [
    CANARY,
    f"{{{{ {CANARY} }}}}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    f"{{% set x = {CANARY} %}}{{% include '/etc/passwd' %}}",
    "{# comment #}{% raw %}",
    f'"""\n{CANARY}\n"""',
    f"'''\n{CANARY}\n'''",
    f'\\"""\n{CANARY}\n"""',
    f'\\\\"""\n{CANARY}\n#',
    f'"\n{CANARY}\n"',
    f"'+{CANARY}+'",
    f'"+{CANARY}+"',
    f'\\"+{CANARY}+\\"',
    f"f'{{{CANARY}}}'",
    "\\N{BULLET}\\N{no such name}",
    "\\x00\\u0000\\777",
    "trailing backslash\\",
    "\0",
    f"a\r{CANARY}",
    f"a\r\n{CANARY}",
    f"a\n{CANARY}",
    f"a\v{CANARY}\f{CANARY}",
    f"a\x85{CANARY}",
    f"a\u2028{CANARY}",
    f"a\u2029{CANARY}",
    f"\x1b]0;title\x07{CANARY}",
    f"\u202e{CANARY}\u2066",
    f"# type: ignore\n{CANARY}",
    f"# -*- coding: utf-7 -*-\n+ACI-{CANARY}",
    f"]\n{CANARY}\n[",
    f"): pass\n{CANARY}\nclass x(",
    "x\n---\n!!python/object/apply:os.system ['touch CANARY']",
    "!!python/name:os.system",
    "*alias &anchor <<: ${HOME} `id` $(id)",
    "-->\n<script>alert(1)</script><!--",
    "| a | b |\n[x](javascript:alert(1))",
    "../../../CANARY",
    "/etc/passwd",
    "..\\..\\CANARY",
    "con.d\u0456a",
    "\u0430lpha",
    "\uff41lpha",
    "\U0001d41alpha",
    "__class__",
    "__import__",
    "import",
    "self",
    "Trainer",
    "%s%n{0}{x!r}",
    "x" * 5000,
]

Make = Callable[[str], dict[str, JSON]]


def _field(name: str, **field: JSON) -> dict[str, JSON]:
    return {"config_type": {"name": "MineTrainerConfig", "properties": {name: field}}}


def _factory(**own: JSON) -> dict[str, JSON]:
    return {"model_factory_type": {"name": "x", "class": "m:F", "extends": "random_llama", **own}}


def _section(name: str, **field: JSON) -> dict[str, JSON]:
    return _factory(config_type={"properties": {name: {"type": "string", "default": "", **field}}})


PLACES: dict[str, Make] = {
    "name": lambda text: {"name": text},
    "description": lambda text: {"description": text},
    "class": lambda text: {"config_type": {"name": f"{text}TrainerConfig"}},
    "field": lambda text: _field(text, type="string", default=""),
    "pattern": lambda text: _field("x", type=["string", "null"], pattern=text, default=None),
    "factory": lambda text: {"data_factory_type": text},
    "loss": lambda text: {"loss": text},
    "loss module": lambda text: {"loss": f"{text}:f"},
    "loss function": lambda text: {"loss": f"m:{text}"},
    "implementation": lambda text: {"loss": None, "implementation": f"m:{text}"},
    "metric": lambda text: {"metrics": {text: "mean"}},
    "reduction": lambda text: {"metrics": {"x": text}},
    "coupling": lambda text: {"coupling": text},
    "any key": lambda text: {text: text},
    "factory in place": lambda text: _factory(name=text),
    "class of a factory": lambda text: _factory(**{"class": f"m:{text}"}),
    "module of a factory": lambda text: _factory(**{"class": f"{text}:F"}),
    "base of a factory": lambda text: _factory(extends=text),
    "description of a factory": lambda text: _factory(description=text),
    "section of a factory": lambda text: _factory(config_type={"name": f"{text}Config"}),
    "field of a factory": _section,
    "words of a field of a factory": lambda text: _section("x", description=text, default=text),
}
"""Where a text of the attacker's can stand in a definition."""

FIELDS: dict[str, Make] = {
    "description": lambda text: {"type": "string", "description": text, "default": ""},
    "default": lambda text: {"type": "string", "default": text},
    "key": lambda text: {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "default": {text: text},
    },
    "choice": lambda text: {"enum": [text, "b"], "default": text},
    "constant": lambda text: {"const": text},
    "pattern": lambda text: {"type": "string", "pattern": re.escape(text), "default": text},
}
"""Where every text means itself."""


def _generate(folder: Path, changes: Mapping[str, JSON]) -> Result:
    values = {k: v for k, v in (yaml.safe_load(DEFINITION) | changes).items() if v is not None}
    write(folder / "mine.yaml", yaml.safe_dump(values))
    done = arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=folder)
    assert done.code in {0, 1}, done
    assert "Traceback" not in done.out + done.err
    if done.code == 0:
        _assert_harmless(folder, values["config_type"].get("properties", {}))
    return done


@pytest.fixture(autouse=True)
def _canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look for what an attack that runs would have made."""
    monkeypatch.chdir(tmp_path)
    yield
    assert not [*tmp_path.rglob("CANARY*")]


@pytest.mark.parametrize("place", PLACES)
def test_no_text_of_a_definition_runs(place: str, tmp_path: Path) -> None:
    """Each attack is refused with a diagnostic, or means itself in code that runs nothing of it."""
    for number, text in enumerate(ATTACKS):
        folder = tmp_path / str(number)
        done = _generate(folder, PLACES[place](text))
        if done.code:
            assert re.search(r"^mine\.yaml:\d+:\d+: error\[[a-z-]+\]: ", done.out), text
            assert [path.name for path in folder.rglob("*")] == ["mine.yaml"]
        assert done.code == 0 or place != "description"


@pytest.mark.parametrize("place", FIELDS)
def test_no_text_of_a_field_runs(place: str, tmp_path: Path) -> None:
    """In a field's texts nothing is refused, and everything means itself."""
    fields: dict[str, JSON] = {f"x{n}": FIELDS[place](text) for n, text in enumerate(ATTACKS)}
    config: JSON = {"name": "MineTrainerConfig", "properties": fields}
    assert _generate(tmp_path, {"config_type": config}).code == 0


def _assert_harmless(folder: Path, fields: Mapping[str, JSON]) -> None:
    """Load everything that was made; what came of the attack is a text or a name in it."""
    (schema,) = (folder / "generated/arctic_trainers").glob("*/recipe.schema.json")
    package = schema.parent
    for path in [*package.glob("*.py"), *folder.glob("*.py")]:
        text = path.read_text(encoding="utf-8")
        assert CANARY not in ast.unparse(_without_texts(ast.parse(text)))
        assert all(c.isprintable() or c == "\n" for c in text), text
    json.loads(schema.read_text(encoding="utf-8"))
    assert "<script>" not in (package / "README.md").read_text(encoding="utf-8")
    recipe = arctic_gen("validate", "mine.recipe.yaml", folder=folder)
    assert "yaml-syntax" not in recipe.out
    module = importlib.util.spec_from_file_location("hostile_config", package / "config.py")
    assert module is not None
    assert module.loader is not None
    config = importlib.util.module_from_spec(module)
    sys.modules[module.name] = config
    module.loader.exec_module(config)
    (model,) = (m for n in config.__all__ if issubclass(m := getattr(config, n), TrainerConfig))
    for name, field in fields.items():
        assert isinstance(field, dict)
        expected = field.get("default", field.get("const"))
        assert model.model_fields[name].default == expected


class _WithoutTexts(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant("") if isinstance(node.value, str) else node


def _without_texts(tree: ast.Module) -> ast.Module:
    bare = _WithoutTexts().visit(tree)
    assert isinstance(bare, ast.Module)
    return bare


@pytest.mark.parametrize(
    "name", ["x\nraise SystemExit(9)\n.yaml", "x\u2028y.yaml", '"""{{ 1 }}.yaml']
)
def test_the_name_of_the_file_is_no_code_either(name: str, tmp_path: Path) -> None:
    """The path of a definition stands in generated comments, on one line."""
    write(tmp_path / name, DEFINITION)
    assert arctic_gen("new-trainer", "--no-verify", name, folder=tmp_path).code == 0
    _assert_harmless(tmp_path, {})
