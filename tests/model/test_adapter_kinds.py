"""Each kind of adapter: trained, gone on with, saved beside its base, and merged."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
import torch
from peft.utils import PeftType
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, LlamaConfig

from arctic_trainers.sft import SFTTrainer, SFTTrainerConfig
from arctic_training.config.unsupported_adapters import REFUSED_ADAPTERS
from tests.tiny import jsonl, ragged, recipe

_LINEAR: Final = {"target_modules": ["q_proj", "v_proj"]}
_KINDS: Final[dict[str, dict[str, object]]] = {
    "rslora": {"peft_type": "Lora", "r": 2, "use_rslora": True, **_LINEAR},
    "ia3": {"peft_type": "IA3"},
    "loha": {"peft_type": "LOHA", "r": 2, **_LINEAR},
    "lokr": {"peft_type": "LoKr", "r": 2, **_LINEAR},
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny model."""
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(0)
    shape = LlamaConfig(
        vocab_size=300,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
    )
    AutoModelForCausalLM.from_config(shape).save_pretrained(folder)
    return folder


def _trainer(base: Path, folder: Path, kind: str, **changes: object) -> SFTTrainer:
    checkpoint: list[dict[str, object]] = [
        {"type": "huggingface", "output_dir": str(folder / name), "merge_adapter": name == "merged"}
        for name in ("adapter", "merged")
    ]
    ending: list[dict[str, object]] = [
        {**each, "save_end_of_training": True} for each in checkpoint
    ]
    going_on = {"output_dir": str(folder / "going"), "auto_resume": True, "save_every_n_steps": 1}
    values = recipe(
        data={"sources": jsonl(folder / "said.jsonl", ragged(8))},
        checkpoint=[*ending, going_on],
        optimizer={"learning_rate": 1e-2},
        train_iters=2,
        **changes,
    )
    model = {"name_or_path": str(base), "dtype": "fp32", "peft_config": _KINDS[kind]}
    return SFTTrainer(SFTTrainerConfig.model_validate(values | {"model": model}))


def _logits(model: nn.Module) -> Tensor:
    model.eval()
    with torch.no_grad():
        logits: Tensor = model(input_ids=torch.arange(30)[None], use_cache=False).logits
    return logits


def _loaded(folder: Path) -> Tensor:
    return _logits(AutoModelForCausalLM.from_pretrained(folder / "global_step_2"))


@pytest.mark.parametrize("kind", _KINDS)
def test_an_adapter_of_each_kind(kind: str, base: Path, tmp_path: Path) -> None:
    """It alone is trained, goes on as if it had not ended, and both exports say what it says."""
    _trainer(base, tmp_path, kind, exit_iteration=1).train()
    trainer = _trainer(base, tmp_path, kind)
    assert trainer.state.global_step == 1
    trainer.train()
    unbroken = _trainer(base, tmp_path / "unbroken", kind)
    before = {n: value.clone() for n, value in unbroken.engine.full_state_dict().items()}
    unbroken.train()
    after = unbroken.engine.full_state_dict()
    resumed = trainer.engine.full_state_dict()
    assert all(torch.equal(after[name], resumed[name]) for name in after)
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert changed
    assert not any("base_layer" in name or name.startswith("lm_head") for name in changed)
    trained = _logits(trainer.engine.unwrapped)
    assert not torch.allclose(trained, _logits(AutoModelForCausalLM.from_pretrained(base)))
    for export in ("adapter", "merged"):
        assert torch.allclose(_loaded(tmp_path / export), trained, atol=1e-5), export


def test_every_kind_of_peft_is_taken_or_refused_with_a_reason() -> None:
    """A new kind of PEFT is decided on, and none is refused that a recipe takes."""
    taken = {str(kind["peft_type"]).upper() for kind in _KINDS.values()}
    known = {kind.value for kind in PeftType}
    assert known - taken - REFUSED_ADAPTERS.keys() == set()
    assert taken & REFUSED_ADAPTERS.keys() == set()
