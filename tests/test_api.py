"""Python does what the command does."""

from __future__ import annotations

import asyncio
import json
import types
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from arctic_trainers.sft import SFTTrainer, SFTTrainerConfig
from arctic_training.api import load_recipe, make_trainer
from arctic_training.config.deepspeed import DeepSpeedConfig
from arctic_training.config.trainer import TrainerConfig
from arctic_training.diagnostics import Source
from arctic_training.document import parse, present
from arctic_training.errors import InvalidRecipeError, RegistryError
from tests.support import RECIPE, write


def test_three_lines_train(tmp_path: Path) -> None:
    """A recipe from a file or a mapping makes the same config, and the trainer of its type."""
    path = write(tmp_path / "recipe.yaml", f"{RECIPE}checkpoint: {{output_dir: {tmp_path}}}\n")
    values = yaml.safe_load(path.read_text())
    before = json.dumps(values)
    config, again, named = (load_recipe(r, ["train_iters=2"]) for r in (path, values, str(path)))
    assert isinstance(config, SFTTrainerConfig)
    assert config == again == named
    assert json.dumps(values) == before
    trainer = make_trainer(config)
    trainer.train()
    assert isinstance(trainer, SFTTrainer)
    assert trainer.state.global_step == 2


def test_a_notebook_trains() -> None:
    """The same works below a running event loop, and in a thread that hears no signals."""

    def train() -> int:
        trainer = make_trainer(load_recipe(yaml.safe_load(RECIPE), ["train_iters=1"]))
        trainer.train()
        return trainer.state.global_step

    async def cell() -> list[int]:
        return [train(), await asyncio.to_thread(train)]

    assert asyncio.run(cell()) == [1, 1]


def test_paths_of_a_mapping_start_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values that come from no file have the current folder for their paths."""
    monkeypatch.chdir(tmp_path)
    values = yaml.safe_load(RECIPE)
    for place in ("runs", Path("runs"), tmp_path / "runs"):
        config = load_recipe(values | {"checkpoint": {"output_dir": place}})
        assert config.checkpoint[0].output_dir == tmp_path / "runs"


def test_a_dumped_recipe_loads_to_the_same_value(tmp_path: Path) -> None:
    """A config as JSON is a complete recipe, for the command's checks as well."""
    config = load_recipe(yaml.safe_load(RECIPE), ["scheduler.warmup_ratio=5%", "epochs=2k"])
    path = write(tmp_path / "recipe.json", config.model_dump_json(indent=2))
    assert load_recipe(path) == config
    assert load_recipe(json.loads(path.read_text())) == config


def test_everything_wrong_is_raised_at_once(tmp_path: Path) -> None:
    """What the command would print is the message; the findings are values."""
    path = write(tmp_path / "recipe.yaml", RECIPE.replace("hidden_size: 32", "hidden_size: -1"))
    with pytest.raises(InvalidRecipeError) as caught:
        load_recipe(path, ["sead=3"])
    assert [found.code for found in caught.value.diagnostics] == ["out-of-range", "unknown-key"]
    assert "recipe.yaml:4:16: error[out-of-range]" in str(caught.value)
    assert "did you mean `seed`?" in str(caught.value)


def test_what_only_a_model_can_tell_stands_at_its_value() -> None:
    """An error of pydantic's is shown where its value was written, in a list too."""
    document, _ = parse(Source("r.yaml", "data:\n  sources:\n    - {a: 1}\n    - {split: x}\n"))
    assert document is not None
    location = ("data", "sources", 1, "huggingface_instruct", "split")
    assert present(document, location) == ("data", "sources", 1, "split")


def test_values_of_python_in_a_recipe(tmp_path: Path) -> None:
    """A mapping may hold paths, numbers of NumPy, dtypes of PyTorch, and sections, at any depth."""
    values = yaml.safe_load(RECIPE)
    values["optimizer"] = {"learning_rate": np.float32(0.5)}
    values["model"]["dtype"] = torch.bfloat16
    values["overfit_first_batch"] = np.True_
    values["checkpoint"] = ({"output_dir": tmp_path},)
    values["deepspeed"] = DeepSpeedConfig(gradient_clipping=0.5)
    config = load_recipe(values | {"seed": np.int64(3)})
    assert isinstance(config, SFTTrainerConfig)
    assert (config.seed, config.optimizer.learning_rate) == (3, 0.5)
    assert (config.model.dtype, config.overfit_first_batch) == ("bf16", True)
    assert config.checkpoint[0].output_dir == tmp_path
    assert config.deepspeed.gradient_clipping == 0.5


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_a_dtype_of_pytorch_is_a_precision(dtype: torch.dtype) -> None:
    """A dtype and its name are the same precision; one that no model has is refused by name."""
    values = yaml.safe_load(RECIPE)
    by_name, by_value = (
        load_recipe(values | {"model": values["model"] | {"dtype": each}})
        for each in (str(dtype), dtype)
    )
    assert by_name == by_value
    with pytest.raises(InvalidRecipeError, match=r"`torch\.int8` is not one of `bf16`"):
        load_recipe(values | {"model": values["model"] | {"dtype": torch.int8}})


def test_values_that_no_recipe_holds_are_all_found() -> None:
    """Each is an error with its place and its type, at any depth, and none is a traceback."""
    values = yaml.safe_load(RECIPE)
    loop: dict[str, object] = {}
    loop["again"] = loop
    values["data"]["sources"]["sample_seed"] = {3}
    with pytest.raises(InvalidRecipeError) as caught:
        load_recipe(values | {"seed": b"3", "logger": {(1, 2): "x"}, "deepspeed": loop})
    assert [problem.message for problem in caught.value.diagnostics][:4] == [
        "`data.sources.sample_seed`: a recipe holds no value of the type `set`",
        "`seed`: a recipe holds no value of the type `bytes`",
        "`logger`: a recipe has no key of the type `tuple`",
        "`deepspeed`: more than 48 levels of nesting",
    ]


def test_the_trainer_of_a_config_is_the_one_that_it_names() -> None:
    """A subclass with the same config, however it is called, does not take over its recipes."""
    name = "a-custom-trainer"
    types.new_class("Custom", (SFTTrainer,), {}, lambda body: body.update(name=name))
    trainer = make_trainer(load_recipe(yaml.safe_load(RECIPE), ["train_iters=1"]))
    assert type(trainer) is SFTTrainer


def test_a_config_of_no_trainer() -> None:
    """A config that belongs to no trainer says so."""
    with pytest.raises(RegistryError, match="no trainer is registered for a TrainerConfig"):
        make_trainer(TrainerConfig.model_construct())


def test_a_former_name_is_a_warning(tmp_path: Path) -> None:
    """What is deprecated in a recipe is a warning with its place, and means what it meant."""
    path = write(tmp_path / "r.yaml", f"{RECIPE}optimizer: {{lr: 1e-3}}\n")
    with pytest.warns(FutureWarning, match=r"r\.yaml:23:13: warning\[deprecated-key\]: `lr`"):
        config = load_recipe(path)
    assert isinstance(config, SFTTrainerConfig)
    assert config.optimizer.learning_rate == 1e-3
