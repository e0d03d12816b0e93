"""Models with a scalar head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import JsonValue
from transformers import AutoModelForSequenceClassification, PreTrainedModel

from arctic_trainers.dpo import DPOTrainer
from arctic_training.config.adapter import LoRAConfig
from arctic_training.config.model import HFRewardModelConfig, RandomLlamaRewardConfig
from arctic_training.model.reward import HFRewardModelFactory, RandomLlamaRewardFactory
from arctic_training.optimizer.parameter_groups import hidden_matrices
from tests.preferences import SMALL, dpo_config, pairs, preference_data
from tests.pretrained import save_pretrained_model

_SMALL = RandomLlamaRewardConfig.model_validate({**SMALL, "type": "random_llama_reward"})


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> DPOTrainer:
    """Return a trainer whose tokenizer and ragged batches the tests use."""
    path = tmp_path_factory.mktemp("data") / "d.jsonl"
    return DPOTrainer(dpo_config(data=preference_data(path, pairs(4))))


@pytest.fixture(scope="module")
def model(trainer: DPOTrainer) -> PreTrainedModel:
    """Return a model with random weights."""
    made = RandomLlamaRewardFactory(trainer, _SMALL).create()
    assert isinstance(made, PreTrainedModel)
    return made


def test_the_last_token_is_scored(trainer: DPOTrainer, model: PreTrainedModel) -> None:
    """A row's reward is the head on its last token's state, in fp64, whatever fills the row."""
    (batch,) = list(trainer.train_dataloader.batches(0))[:1]
    assert len(set(batch["lengths"].tolist())) > 1
    head = model.get_parameter("score.weight").detach().numpy().astype(np.float64)
    with torch.no_grad():
        rewards = model(input_ids=batch["input_ids"], use_cache=False).logits
        assert rewards.shape == (len(batch["lengths"]), 1)
        for row, length, reward in zip(batch["input_ids"], batch["lengths"], rewards, strict=True):
            alone = model.base_model(input_ids=row[None, :length]).last_hidden_state
            state = alone[0, -1].numpy().astype(np.float64)
            assert float((head @ state)[0]) == pytest.approx(reward.item(), rel=1e-4, abs=1e-6)


def test_a_causal_model_gets_a_new_head(
    trainer: DPOTrainer, model: PreTrainedModel, tmp_path: Path
) -> None:
    """The body of a causal model is taken over; a reward model comes back as it was saved."""
    causal = trainer.engine.unwrapped
    assert isinstance(causal, PreTrainedModel)
    causal.save_pretrained(tmp_path / "causal")
    model.save_pretrained(tmp_path / "reward")

    def loaded(folder: str) -> dict[str, torch.Tensor]:
        config = HFRewardModelConfig(name_or_path=str(tmp_path / folder), dtype="fp32")
        return HFRewardModelFactory(trainer, config).create().state_dict()

    begun = loaded("causal")
    assert begun["score.weight"].shape == (1, SMALL["hidden_size"])
    for name, value in causal.base_model.state_dict().items():
        assert torch.equal(value, begun[f"model.{name}"]), name
    again = AutoModelForSequenceClassification.from_pretrained(tmp_path / "reward").state_dict()
    for name, value in loaded("reward").items():
        assert torch.equal(value, model.state_dict()[name]), name
        assert torch.equal(value, again[name]), name


@pytest.mark.parametrize(
    ("changes", "number"), [({}, 1), ({"num_labels": 3}, 3), ({"num_labels": 1}, 1)]
)
def test_the_recipe_says_how_many_outputs_a_head_has(
    changes: dict[str, JsonValue], number: int, trainer: DPOTrainer, tmp_path: Path
) -> None:
    """`num_labels` of the recipe wins over the factory's 1; a head that is kept has to have it."""
    base = save_pretrained_model(tmp_path / "base")
    config = HFRewardModelConfig(name_or_path=str(base), dtype="fp32", hf_config_kwargs=changes)
    factory = HFRewardModelFactory(trainer, config)
    assert [*factory.problems()] == []
    made = factory.create()
    assert made.get_parameter("score.weight").shape[0] == number
    assert isinstance(made, PreTrainedModel)
    made.save_pretrained(tmp_path / "saved")
    other = 5 - number
    kept = config.model_copy(
        update={
            "name_or_path": str(tmp_path / "saved"),
            "hf_config_kwargs": {"num_labels": other},
        }
    )
    (problem,) = HFRewardModelFactory(trainer, kept).problems()
    assert problem.message == f"the head of the model has {number} outputs, not {other}"
    assert f"num_labels: {number}" in problem.hint


def test_the_end_of_a_row_is_the_tokenizers(trainer: DPOTrainer, tmp_path: Path) -> None:
    """A `pad_token_id` that the factory would overwrite is refused at its key."""
    base = save_pretrained_model(tmp_path)
    config = HFRewardModelConfig(name_or_path=str(base), hf_config_kwargs={"pad_token_id": 5})
    (problem,) = HFRewardModelFactory(trainer, config).problems()
    assert problem.pointer[-2:] == ("hf_config_kwargs", "pad_token_id")


def test_the_head_is_no_hidden_matrix(model: PreTrainedModel) -> None:
    """Optimizers that tell hidden matrices apart leave the head to the other one."""
    hidden = set(map(id, hidden_matrices(model)))
    assert hidden
    assert id(model.get_parameter("score.weight")) not in hidden


@pytest.mark.parametrize(("saved", "number"), [(None, 1), (("lm_head",), 1), (("score",), 0)])
def test_an_adapter_leaves_the_head_trained(
    saved: tuple[str, ...] | None, number: int, trainer: DPOTrainer
) -> None:
    """An adapter beside which the new head would never change is refused, with what to add."""
    adapter = LoRAConfig(peft_type="LORA", target_modules="all-linear", modules_to_save=saved)
    config = _SMALL.model_copy(update={"peft_config": adapter})
    factory = RandomLlamaRewardFactory(trainer, config)
    problems = [p for p in factory.problems() if p.pointer[-1] == "peft_config"]
    assert len(problems) == number
    assert all(p.hint == "add `modules_to_save: [score]`" for p in problems)
    if not problems:
        trained = [name for name, p in factory.create().named_parameters() if p.requires_grad]
        assert any("score" in name for name in trained)
