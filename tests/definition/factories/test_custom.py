"""Factories of the user's: defined in place, shared by a project, or of an installed package."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import cast

import pytest
import yaml
from pydantic import ValidationError

from arctic_training.config.trainer import TrainerConfig
from arctic_training.document import JSON
from arctic_training.recipe import recipe_schema
from tests.support import DEFINITION, RECIPE, Result, arctic_gen, python, write

OWN = """\
name: wide
class: my_models.wide:WideModelFactory
extends: random_llama
description: A wider Llama.
config_type:
  properties:
    factor: {type: integer, minimum: 1, description: How much wider.}
    shape: {type: object, properties: {low: {type: number, default: 0}}}
"""
SHARED = """\
model:
  wide:
    class: my_models.wide:WideModelFactory
    extends: random_llama
    config_type: {name: WideConfig, properties: {factor: {type: integer, default: 2}}}
"""
NAMED = DEFINITION.replace("[random_llama, huggingface]", "[wide, random_llama]")


def _in_place(own: str = OWN, also: str = "random_llama") -> str:
    indented = own.replace("\n", "\n    ").rstrip()
    listed = f"model_factory_type:\n  - {indented}\n  - {also}"
    return DEFINITION.replace("model_factory_type: [random_llama, huggingface]", listed)


def _generate(folder: Path, name: str = "mine.yaml") -> Result:
    return arctic_gen("new-trainer", "--no-verify", name, folder=folder)


def _found(result: Result) -> list[tuple[str, str, int]]:
    """Return the file, the code and the line of each finding."""
    found = re.findall(r"^(\S+?):(\d+):\d+: error\[([a-z-]+)\]", result.out, re.MULTILINE)
    return [(path, code, int(line)) for path, line, code in found]


def _config(folder: Path) -> type[TrainerConfig]:
    path = folder / "generated/arctic_trainers/mine/config.py"
    spec = importlib.util.spec_from_file_location("own_factories_config", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return cast("type[TrainerConfig]", module.MineTrainerConfig)


SECTIONS: list[tuple[JSON, bool]] = [
    ({"type": "wide", "factor": 3, "hidden_size": 64, "shape": {"low": 1}}, True),
    ({"factor": 1}, True),
    ({"type": "random_llama", "hidden_size": 64}, True),
    ({"type": "wide"}, False),
    ({}, False),
    ({"type": "wide", "factor": 0}, False),
    ({"type": "wide", "factor": 1, "hidden_size": 0}, False),
    ({"type": "wide", "factor": 1, "lower": 1}, False),
    ({"type": "random_llama", "factor": 1}, False),
    ({"type": "huggingface", "name_or_path": "x"}, False),
]


def test_a_section_has_the_keys_of_both(tmp_path: Path) -> None:
    """Schema and models take the keys of the base and those of one's own, and nothing else."""
    write(tmp_path / "mine.yaml", _in_place())
    assert _generate(tmp_path).code == 0
    schema = recipe_schema(tmp_path / "generated/arctic_trainers/mine")
    model = _config(tmp_path)
    for section, expected in SECTIONS:
        recipe: dict[str, JSON] = yaml.safe_load(RECIPE) | {"type": "mine", "model": section}
        assert expected == (not [*schema.errors(recipe)]), section
        try:
            model.model_validate(recipe)
        except ValidationError:
            assert not expected, section
        else:
            assert expected, section


def test_what_is_begun_is_the_users_and_right(tmp_path: Path) -> None:
    """The class is begun once, typed, as its base; the recipe gives what the section needs."""
    write(tmp_path / "mine.yaml", _in_place())
    assert arctic_gen("new-trainer", "mine.yaml", folder=tmp_path).code == 0
    assert arctic_gen("validate", "mine.recipe.yaml", folder=tmp_path).code == 0
    recipe = yaml.safe_load((tmp_path / "mine.recipe.yaml").read_text("utf-8"))
    assert recipe["model"] | {"type": "wide", "factor": 1} == recipe["model"]
    stub = tmp_path / "my_models/wide.py"
    assert "class WideModelFactory(RandomLlamaFactory):" in stub.read_text("utf-8")
    write(stub, "class WideModelFactory: ...\n")
    assert _generate(tmp_path).code == 0
    assert stub.read_text("utf-8") == "class WideModelFactory: ...\n"


WRONG = """\
from torch import nn

from arctic_training.config.model import HFModelConfig
from arctic_training.model.factory import ModelFactory


class WideModelFactory(ModelFactory[HFModelConfig]):
    name = "wide"
    config_type = HFModelConfig

    def create(self) -> nn.Module:
        return nn.Linear(1, 1)
"""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (WRONG, "has incompatible type"),
        ("class WideModelFactory: ...\n", "Incompatible types in assignment"),
    ],
)
def test_a_class_that_does_not_take_the_section_is_an_error_at_its_name(
    code: str, said: str, tmp_path: Path
) -> None:
    """That the class takes the section is proven; where not, it is said at the definition."""
    text = _in_place()
    write(tmp_path / "mine.yaml", text)
    write(tmp_path / "my_models/wide.py", code)
    done = arctic_gen("new-trainer", "mine.yaml", folder=tmp_path)
    lines = text.splitlines()
    listed = lines.index("  - name: wide") + 1
    assert done.code == 1
    assert said in done.out
    named = listed + 1 if code == WRONG else listed
    assert ("mine.yaml", "type-error", named) in _found(done)
    assert {path for path, *_ in _found(done)} == {"mine.yaml"}


CASES = {
    "unknown-factory": OWN.replace("random_llama", "random_lama"),
    "reserved-name": OWN.replace("factor:", "hidden_size:"),
    "name-taken": OWN.replace("wide\n", "random_llama\n", 1),
    "name-taken (section)": OWN.replace("config_type:", "config_type:\n  name: HFModelConfig"),
    "not-importable": OWN.replace("my_models", "arctic_factories"),
    "reserved-name (keyword)": OWN.replace("my_models", "import"),
    "name-taken (class)": OWN.replace(":WideModelFactory", ":WideModelConfig"),
    "unknown-key": OWN.replace("extends:", "extend:"),
    "missing-key": OWN.replace("extends: random_llama\n", ""),
    "not-allowed": OWN.replace("type: integer", "type: intger"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_factory_that_cannot_be_is_refused_where_it_is_written(case: str, tmp_path: Path) -> None:
    """Whatever is wrong with a factory in place is one finding, in its lines."""
    text = _in_place(CASES[case])
    write(tmp_path / "mine.yaml", text)
    done = arctic_gen("validate", "mine.yaml", folder=tmp_path)
    ((path, code, line),) = _found(done)
    assert (done.code, path, code) == (1, "mine.yaml", case.partition(" ")[0])
    first = text.splitlines().index("model_factory_type:") + 1
    assert first < line <= first + CASES[case].count("\n") + 1


def test_a_clash_shows_both_places(tmp_path: Path) -> None:
    """A name that is taken is reported with the place that took it."""
    write(tmp_path / "pyproject.toml", "")
    one, other = (SHARED.partition("\n")[2].replace("  wide:", f"  {n}:") for n in ("w_x", "w-x"))
    write(tmp_path / "factories.yaml", f"model:\n{one}{other}")
    done = arctic_gen("validate", "factories.yaml", folder=tmp_path)
    assert _found(done) == [("factories.yaml", "name-taken", 6)]
    assert "factories.yaml:2:3: taken here" in done.out
    twin = OWN.replace("wider", "very wide").replace("\n", "\n    ").rstrip()
    write(tmp_path / "mine.yaml", _in_place(also=twin))
    (tmp_path / "factories.yaml").unlink()
    done = arctic_gen("validate", "mine.yaml", folder=tmp_path)
    assert [code for _, code, _ in _found(done)] == ["name-taken"]
    assert "mine.yaml:13:5: first here" in done.out


def test_definitions_share_a_factory_and_its_section(tmp_path: Path) -> None:
    """Two trainers take one section; it follows `factories.yaml` and goes with the last one."""
    write(tmp_path / "pyproject.toml", "")
    write(tmp_path / "factories.yaml", SHARED)
    for name in ("mine", "other"):
        text = NAMED.replace("name: mine\n", f"name: {name}\n")
        write(tmp_path / f"{name}.yaml", text.replace("Mine", name.capitalize()))
        assert _generate(tmp_path, f"{name}.yaml").code == 0
    section = tmp_path / "generated/arctic_factories/model_wide/config.py"
    assert "class WideConfig(RandomLlamaConfig, frozen=True):" in section.read_text("utf-8")
    write(tmp_path / "factories.yaml", SHARED.replace("default: 2", "default: 3"))
    drift = arctic_gen("check", "--no-verify", folder=tmp_path)
    assert drift.code == 1
    assert "arctic_factories/model_wide/config.py is not what its definition makes" in drift.out
    assert _generate(tmp_path).code == 0
    assert _generate(tmp_path, "other.yaml").code == 0
    assert arctic_gen("check", "--no-verify", folder=tmp_path).code == 0
    write(tmp_path / "other.yaml", DEFINITION.replace("mine", "other").replace("Mine", "Other"))
    assert _generate(tmp_path, "other.yaml").code == 0
    assert section.exists()
    write(tmp_path / "mine.yaml", DEFINITION)
    assert _generate(tmp_path).code == 0
    assert not section.parent.parent.exists()


def test_a_factory_in_place_is_for_one_trainer_alone(tmp_path: Path) -> None:
    """What extends a definition does not take over the factories that it defines in place."""
    write(tmp_path / "mine.yaml", _in_place())
    write(tmp_path / "other.yaml", "extends: ./mine.yaml\nname: other\n")
    done = arctic_gen("validate", "other.yaml", folder=tmp_path)
    assert [code for _, code, _ in _found(done)] == ["not-supported"]
    assert "factories.yaml" in done.out


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of an installed package with factories, which cannot be imported."""
    site = tmp_path / "site"
    write(site / "their_models/__init__.py", "raise SystemExit('imported')\n")
    write(site / "their_models/factories.yaml", SHARED.replace("my_models", "their_models"))
    write(site / "their_models/wide.py", WRONG)
    about = site / "their_models-1.0.dist-info"
    write(about / "METADATA", "Metadata-Version: 2.1\nName: their-models\nVersion: 1.0\n")
    write(about / "entry_points.txt", "[arctic_training.factories]\nmodels = their_models\n")
    monkeypatch.syspath_prepend(str(site))
    return site


def test_factories_of_an_installed_package_are_known(installed: Path, tmp_path: Path) -> None:
    """An entry point is enough for a name to be known, and nothing of the package is imported."""
    folder = tmp_path / "project"
    write(folder / "mine.yaml", NAMED)
    assert _generate(folder).code == 0
    assert "model wide: their_models.wide:WideModelFactory" in _listed(folder)
    assert "their_models" not in sys.modules
    write(folder / "mine.yaml", NAMED.replace("[wide,", "[wied,"))
    assert "did you mean `wide`?" in arctic_gen("validate", "mine.yaml", folder=folder).out
    write(installed / "their_models/factories.yaml", "model: {wide: {}}\n")
    write(folder / "mine.yaml", NAMED)
    assert "missing-key" in arctic_gen("validate", "mine.yaml", folder=folder).out


def test_a_project_and_a_package_cannot_have_one_name(installed: Path, tmp_path: Path) -> None:
    """Where both define a factory of a name, both places are shown."""
    assert installed.is_dir()
    folder = tmp_path / "project"
    write(folder / "pyproject.toml", "")
    write(folder / "factories.yaml", SHARED)
    done = arctic_gen("list", "factories", folder=folder)
    assert done.code == 1
    assert "error[name-taken]" in done.out
    assert "factories.yaml:2:3: taken here" in done.out


def test_a_package_that_is_not_there_is_said(installed: Path, tmp_path: Path) -> None:
    """An entry point that leads nowhere is an error of the environment."""
    write(
        installed / "their_models-1.0.dist-info/entry_points.txt",
        "[arctic_training.factories]\nmodels = no_such_models\n",
    )
    write(tmp_path / "mine.yaml", NAMED)
    done = arctic_gen("validate", "mine.yaml", folder=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "the entry point `models`" in done.err


def _listed(folder: Path) -> str:
    done = arctic_gen("list", "factories", folder=folder)
    assert done.code == 0
    return done.out


def test_what_names_no_own_factory_looks_at_no_package(tmp_path: Path) -> None:
    """The entry points of what is installed are read only for a name that nothing else has."""
    write(tmp_path / "mine.yaml", DEFINITION)
    code = "import sys, atexit\nfrom arctic_training.cli.gen import main\n"
    code += "atexit.register(lambda: print('importlib.metadata' in sys.modules))\n"
    code += "main(['validate', 'mine.yaml'])"
    assert python("-c", code, folder=tmp_path).out.splitlines()[-1] == "False"


def test_a_recipe_trains_with_a_factory_of_ones_own(tmp_path: Path) -> None:
    """The class gets its section, with the keys of both, and what it makes is trained."""
    text = _in_place(OWN.replace("integer, minimum: 1", "integer"))
    write(tmp_path / "mine.yaml", text)
    assert _generate(tmp_path).code == 0
    with (tmp_path / "my_models/wide.py").open("a", encoding="utf-8") as stub:
        stub.write(
            "\n    def create(self):\n"
            "        print(f'wide by {self.config.factor}, {self.config.hidden_size}')\n"
            "        return super().create()\n"
        )
    recipe = RECIPE.replace("type: sft", "type: mine").replace(
        "  type: random_llama\n", "  type: wide\n  factor: 3\n"
    )
    write(tmp_path / "r.yaml", f"{recipe}train_iters: 1\n")
    code, out, err = python("-m", "arctic_training.cli.train", "r.yaml", folder=tmp_path)
    assert (code, err) == (0, "")
    assert "wide by 3, 32" in out.splitlines()
    assert "step 1/1" in out


def test_a_section_is_told_from_the_one_it_extends(tmp_path: Path) -> None:
    """Beside a factory, others whose sections extend its own are generated to be told apart."""
    write(tmp_path / "pyproject.toml", "")
    own = "{name: wide, class: wide:Wide, extends: huggingface_reward}"
    names = f"[huggingface, random_llama, random_llama_reward, huggingface_reward, {own}]"
    text = DEFINITION.replace("[random_llama, huggingface]", names)
    write(tmp_path / "mine.yaml", text)
    made = arctic_gen("new-trainer", "mine.yaml", folder=tmp_path)
    assert made.code == 0, made.out + made.err
    trainer = (tmp_path / "generated/arctic_trainers/mine/trainer.py").read_text("utf-8")
    cases = re.findall(r"case (\w+)ModelConfig\(\)|case (RandomLlama\w*)\(\)", trainer)
    assert [first or second for first, second in cases] == [
        "Wide", "RandomLlamaRewardConfig", "HFReward", "HF", "RandomLlamaConfig"
    ]  # fmt: skip
