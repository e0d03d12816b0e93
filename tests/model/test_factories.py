"""Models from a configuration, and from a folder."""

from __future__ import annotations

import re

import pytest
import torch
from transformers import PreTrainedModel

from arctic_trainers.sft import SFTTrainer, SFTTrainerConfig
from arctic_training.errors import RecipeError, UnusableRecipeError
from tests.tiny import recipe, sft_config


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> SFTTrainer:
    """Return a trained trainer that saved its model."""
    output = {
        "type": "huggingface",
        "output_dir": str(tmp_path_factory.mktemp("models")),
        "save_end_of_training": True,
    }
    trainer = SFTTrainer(sft_config(train_iters=2, checkpoint=output))
    trainer.train()
    return trainer


def _from_hub(name_or_path: object, **model: object) -> SFTTrainer:
    """Return a trainer whose model and tokenizer are those of a folder or a name."""
    section = {"name_or_path": str(name_or_path), "dtype": "fp32"} | model
    values = recipe(train_iters=1) | {"model": section, "tokenizer": {}}
    return SFTTrainer(SFTTrainerConfig.model_validate(values))


def test_training_goes_on_from_a_folder(trained: SFTTrainer) -> None:
    """A saved model comes back with its weights, and with its tokenizer unless one is named."""
    again = _from_hub(trained.config.checkpoint[0].output_dir / "global_step_2")
    expected = trained.engine.full_state_dict()
    for name, value in again.engine.full_state_dict().items():
        assert torch.equal(value, expected[name]), name
    assert again.tokenizer.get_vocab() == trained.tokenizer.get_vocab()
    again.train()


def test_name_that_is_not_found() -> None:
    """A name that neither the hub nor the cache has is an error at the model's name."""
    with pytest.raises(UnusableRecipeError, match="`nobody/nothing` cannot be loaded") as caught:
        _from_hub("nobody/nothing")
    (problem,) = caught.value.problems
    assert problem.pointer == ("model", "name_or_path")
    assert "HF_HUB_OFFLINE" in problem.hint


def test_rows_that_are_too_long_for_the_model(trained: SFTTrainer) -> None:
    """Rows beyond the longest of a model that a folder holds are found before data is prepared."""
    folder = trained.config.checkpoint[0].output_dir / "global_step_2"
    values = recipe(data={"max_length": "4Ki"}) | {
        "model": {"name_or_path": str(folder)},
        "tokenizer": {},
    }
    with pytest.raises(UnusableRecipeError, match="the model takes 2,048 at most") as caught:
        SFTTrainer(SFTTrainerConfig.model_validate(values))
    assert [problem.pointer for problem in caught.value.problems] == [("data", "max_length")]


@pytest.mark.parametrize("hub", [True, False])
def test_missing_kind_of_attention(
    hub: bool,  # noqa: FBT001 - a row of the table
    trained: SFTTrainer,
) -> None:
    """A kind of attention whose package is missing is an error where it is asked for."""
    attention = {"attn_implementation": "flash_attention_3"}
    folder = trained.config.checkpoint[0].output_dir / "global_step_2"
    with pytest.raises(RecipeError, match="FlashAttention3") as caught:
        _from_hub(folder, **attention) if hub else SFTTrainer(sft_config(model=attention))
    assert caught.value.pointer == ("model", "attn_implementation")


@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
@pytest.mark.parametrize("disabled", [True, False])
def test_settings_of_every_model(
    dtype: str,
    disabled: bool,  # noqa: FBT001 - a row of the table
) -> None:
    """Precision and activation checkpoints are those of the recipe; steps are taken in both."""
    model = {"dtype": dtype, "disable_activation_checkpoint": disabled}
    trainer = SFTTrainer(sft_config(model=model, train_iters=1))
    unwrapped = trainer.engine.unwrapped
    assert isinstance(unwrapped, PreTrainedModel)
    assert unwrapped.dtype == {"fp32": torch.float32, "bf16": torch.bfloat16}[dtype]
    assert unwrapped.is_gradient_checkpointing is not disabled
    trainer.train()
    assert trainer.state.global_step == 1


def test_changes_of_the_configuration(trained: SFTTrainer) -> None:
    """Keys of `hf_config_kwargs` are changed, and the weights are those of the folder."""
    folder = trained.config.checkpoint[0].output_dir / "global_step_2"
    changes = {"attention_dropout": 0.25, "num_hidden_layers": 1}
    again = _from_hub(folder, hf_config_kwargs=changes)
    unwrapped = again.engine.unwrapped
    assert isinstance(unwrapped, PreTrainedModel)
    found = unwrapped.config.to_dict()
    assert changes == {key: found[key] for key in changes}
    expected = trained.engine.full_state_dict()
    weights = again.engine.full_state_dict()
    assert weights.keys() < expected.keys()
    assert all(torch.equal(value, expected[name]) for name, value in weights.items())


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        (
            {"attention_droput": 0.1, "num_hidden_layers": "two"},
            [
                ("attention_droput", "has no `attention_droput`", "mean `attention_dropout`?"),
                ("num_hidden_layers", "expected int, got str", ""),
            ],
        ),
        ({"dtype": "fp32"}, [("dtype", "a place of its own", "set `dtype`")]),
        ({"model_type": "qwen2"}, [("model_type", "has no `model_type`", "")]),
        ({"hidden_size": 127}, [("", "is not a multiple of the number of attention heads", "")]),
    ],
)
def test_changes_that_the_configuration_does_not_know(
    changes: dict[str, object], problems: list[tuple[str, str, str]], trained: SFTTrainer
) -> None:
    """An unknown key, and a value that transformers refuses, are found before data is prepared."""
    folder = trained.config.checkpoint[0].output_dir / "global_step_2"
    with pytest.raises(UnusableRecipeError) as caught:
        _from_hub(folder, hf_config_kwargs=changes)
    start = ("model", "hf_config_kwargs")
    pointers = [(*start, key) if key else start for key, _, _ in problems]
    found = caught.value.problems
    assert pointers == [problem.pointer for problem in found]
    for (_, message, hint), problem in zip(problems, found, strict=True):
        assert message in problem.message
        assert hint in problem.hint


def test_weights_that_do_not_fit_the_changes(trained: SFTTrainer) -> None:
    """A change that asks for weights of another shape is an error at the changes."""
    folder = trained.config.checkpoint[0].output_dir / "global_step_2"
    with pytest.raises(RecipeError, match="do not fit the changed configuration") as caught:
        _from_hub(folder, hf_config_kwargs={"intermediate_size": 96})
    assert caught.value.pointer == ("model", "hf_config_kwargs")


def test_rows_are_as_long_as_the_model_takes(
    trained: SFTTrainer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a `max_length` it is the model's, changes included, and the recipe then has it."""
    folder = trained.config.checkpoint[0].output_dir / "global_step_2"
    values = recipe(train_iters=1) | {"tokenizer": {}}
    values["data"] = {"sources": ["python_docs"], "max_length": None}
    lengths = []
    for changes in ({}, {"max_position_embeddings": 128}):
        values["model"] = {"name_or_path": str(folder), "hf_config_kwargs": changes}
        trainer = SFTTrainer(SFTTrainerConfig.model_validate(values))
        lengths.append(trainer.config.data.max_length)
    assert lengths == [2048, 128]
    out = capsys.readouterr().out
    assert re.findall("longer than ([0-9,]+) tokens", out) == ["2,048", "128"]


def test_activations_wait_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each layer the input alone is moved, and the steps are the same, bit for bit."""
    moved: list[torch.Size] = []
    model = {"disable_activation_checkpoint": False}

    class Counting(torch.autograd.graph.save_on_cpu):
        def __init__(self, *, pin_memory: bool) -> None:
            super().__init__(pin_memory=pin_memory)
            self._pack = self.pack_hook
            self.pack_hook = self._counted

        def _counted(self, tensor: torch.Tensor) -> object:
            moved.append(tensor.shape)
            return self._pack(tensor)

    weights = []
    for offload in (False, True):
        monkeypatch.setattr(torch.autograd.graph, "save_on_cpu", Counting)
        changes = {"model": model, "activation_checkpoint_cpu_offload": offload}
        trainer = SFTTrainer(sft_config(train_iters=2, **changes))
        assert moved == []
        trainer.train()
        weights.append(trainer.engine.full_state_dict())
    unwrapped = trainer.engine.unwrapped
    assert isinstance(unwrapped, PreTrainedModel)
    assert len(moved) == 2 * unwrapped.config.num_hidden_layers
    assert {shape[-1] for shape in moved} == {unwrapped.config.hidden_size}
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


def test_nothing_waits_where_nothing_is_computed_again() -> None:
    """Offloading without activation checkpoints is a contradiction."""
    model = {"disable_activation_checkpoint": True}
    with pytest.raises(UnusableRecipeError, match="activations are computed again") as caught:
        SFTTrainer(sft_config(model=model, activation_checkpoint_cpu_offload=True))
    (problem,) = caught.value.problems
    assert problem.pointer == ("model", "disable_activation_checkpoint")
