"""Exports of models with adapters say what the trained model says, whatever the adapter touches."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, GenerationConfig, PreTrainedModel

from arctic_trainers.sft import SFTTrainer, SFTTrainerConfig
from tests.pretrained import save_pretrained_model
from tests.tiny import jsonl, ragged, recipe

_ADAPTERS: Final[dict[str, dict[str, object]]] = {
    "q_proj": {"target_modules": ["q_proj"]},
    "all-linear": {"target_modules": "all-linear"},
    "embed_tokens": {"target_modules": ["embed_tokens"]},
    "lm_head": {"target_modules": ["lm_head"]},
    "both": {"target_modules": ["embed_tokens", "lm_head"]},
    "pattern of both": {"target_modules": r".*(embed_tokens|lm_head|q_proj)"},
    "saves embed_tokens": {"target_modules": ["q_proj"], "modules_to_save": ["embed_tokens"]},
    "saves lm_head": {"target_modules": ["q_proj"], "modules_to_save": ["lm_head"]},
    "saves both": {
        "target_modules": ["q_proj"],
        "modules_to_save": ["embed_tokens", "lm_head"],
    },
    "lm_head, saves embed_tokens": {
        "target_modules": ["lm_head"],
        "modules_to_save": ["embed_tokens"],
    },
    "embed_tokens, saves lm_head": {
        "target_modules": ["embed_tokens"],
        "modules_to_save": ["lm_head"],
    },
}
_SAMPLE: Final = {
    ("embed_tokens", True, 0),
    ("lm_head", True, 3),
    ("both", True, 0),
    ("saves embed_tokens", True, 0),
    ("saves both", True, 3),
    ("both", False, 3),
}
_TABLE: Final = [
    pytest.param(
        name, tied, stage, marks=[] if (name, tied, stage) in _SAMPLE else pytest.mark.full
    )
    for name in _ADAPTERS
    for tied in (True, False)
    for stage in (0, 3)
]


def _logits(model: nn.Module) -> Tensor:
    model.eval()
    with torch.no_grad():
        logits: Tensor = model(input_ids=torch.arange(30)[None], use_cache=False).logits
    return logits


@pytest.mark.filterwarnings("ignore:Model has `tie_word_embeddings=True`:UserWarning")
@pytest.mark.filterwarnings("ignore:Setting `save_embedding_layers`:UserWarning")
@pytest.mark.parametrize(("name", "tied", "stage"), _TABLE)
def test_every_adapter_exports_the_trained_model(
    name: str,
    tied: bool,  # noqa: FBT001 - a row of the table
    stage: int,
    tmp_path: Path,
) -> None:
    """The merged and the unmerged export reload to the trained model, tied embeddings included.

    Exporting does not change the trained model, and the merged one generates as its base does.
    """
    base = save_pretrained_model(tmp_path / "base", tied=tied)
    GenerationConfig(eos_token_id=[2, 0], pad_token_id=0, do_sample=True, top_k=7).save_pretrained(
        base
    )
    values = recipe(
        checkpoint=[
            {
                "type": "huggingface",
                "output_dir": str(tmp_path / kind),
                "save_end_of_training": True,
                "merge_adapter": kind == "merged",
            }
            for kind in ("merged", "adapter")
        ],
        data={"sources": jsonl(tmp_path / "said.jsonl", ragged(4))},
        optimizer={"learning_rate": 1e-2},
        deepspeed={"zero_optimization": {"stage": stage}},
        train_iters=3,
    )
    adapter = {"peft_type": "LORA", "r": 2, "lora_alpha": 16, **_ADAPTERS[name]}
    values["model"] = {
        "name_or_path": str(base),
        "dtype": "fp32",
        "disable_activation_checkpoint": True,
        "peft_config": adapter,
    }
    values["tokenizer"] = {}
    trainer = SFTTrainer(SFTTrainerConfig.model_validate(values))
    before = _logits(trainer.model)
    trainer.train()
    trained = _logits(trainer.model)
    assert (trained - before).abs().max() > 1e-4
    for kind in ("merged", "adapter"):
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            tmp_path / kind / "global_step_3"
        )
        difference = (_logits(model) - trained).abs().max().item()
        assert difference < 4e-7, kind
        assert model.generation_config.top_k == 7
        assert model.generation_config.eos_token_id == [2, 0]
    unwrapped = trainer.engine.unwrapped
    assert isinstance(unwrapped, PreTrainedModel)
    assert unwrapped.config.tie_word_embeddings is tied
