"""Checkpoints for transformers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, LlamaForCausalLM, PreTrainedModel

from arctic_trainers.sft import SFTTrainer, SFTTrainerConfig
from arctic_training.fs.atomic_folder import is_whole
from tests.tiny import sft_config


@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
@pytest.mark.parametrize("stage", [0, 3])
def test_transformers_loads_it(stage: int, dtype: str, tmp_path: Path) -> None:
    """The model loads with no key missing or unexpected and says what the trained one says.

    The recipe beside it is the one that it was trained by.
    """
    trainer = SFTTrainer(
        sft_config(
            model={"dtype": dtype},
            deepspeed={"zero_optimization": {"stage": stage}},
            checkpoint={
                "type": "huggingface",
                "output_dir": str(tmp_path),
                "save_end_of_training": True,
            },
            train_iters=2,
        )
    )
    trainer.train()
    saved = tmp_path / "global_step_2"
    recipe = (saved / "recipe.json").read_text()
    assert SFTTrainerConfig.model_validate_json(recipe) == trainer.config
    model: PreTrainedModel
    loading: dict[str, object]
    model, loading = LlamaForCausalLM.from_pretrained(saved, output_loading_info=True)  # type: ignore[misc]
    assert {name: found for name, found in loading.items() if found} == {}
    assert model.dtype == trainer.engine.unwrapped.dtype
    ids = torch.arange(30)[None]
    trainer.model.eval()
    with torch.no_grad():
        assert torch.equal(model(ids).logits, trainer.model(ids).logits)

    tokenizer = AutoTokenizer.from_pretrained(saved)
    said = [{"role": "user", "content": "\u00e9 1\n\n  2"}, {"role": "assistant", "content": "b"}]
    for one in (tokenizer, trainer.tokenizer):
        assert one.decode(one.encode("\u00e9 1\n\n  2")) == "\u00e9 1\n\n  2"
    assert tokenizer.apply_chat_template(said) == trainer.tokenizer.apply_chat_template(said)
    assert tokenizer.chat_template == trainer.tokenizer.chat_template
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id) == (0, 2)


def test_missing_model_is_made_up_for(tmp_path: Path) -> None:
    """If a run was killed before its model was saved, the run that goes on from it saves it."""
    state, exported = (
        {"type": kind, "output_dir": str(tmp_path / kind), "save_end_of_training": True}
        for kind in ("deepspeed", "huggingface")
    )
    checkpoint = [state | {"auto_resume": True}, exported]
    config = sft_config(checkpoint=checkpoint, train_iters=1)
    model = tmp_path / "huggingface" / "global_step_1"
    for _ in range(2):
        SFTTrainer(config).train()
        assert is_whole(model)
        shutil.rmtree(model)
