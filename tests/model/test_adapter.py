"""Adapters: trained, saved, resumed, merged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedModel

from arctic_trainers.dpo import DPOTrainer
from arctic_trainers.sft import SFTTrainer, SFTTrainerConfig
from arctic_training.config.adapter import LoRAConfig
from arctic_training.errors import Pointer, UnusableRecipeError
from arctic_training.model import factory as factory_module
from arctic_training.model.adapter_targets import unknown_layers
from tests.preferences import SMALL, SGDTrainer, dpo_config, pairs, preference_data
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged, sft_config

_LORA: Final = {"peft_type": "LORA", "r": 4, "lora_alpha": "16", "target_modules": "all-linear"}
_LINEAR: Final = (
    "linear layers: `down_proj`, `gate_proj`, `k_proj`, `lm_head`, `o_proj`, `q_proj`, `up_proj`, "
    "`v_proj`"
)


def _trainer(folder: Path, *, stage: int = 0, **changes: object) -> HandTrainer:
    values: dict[str, object] = {
        "model": {"peft_config": _LORA},
        "data": {"sources": jsonl(folder / "said.jsonl", ragged(13))},
        "gradient_accumulation_steps": 2,
        "train_iters": 4,
        "optimizer": {"type": "sgd", "learning_rate": 0.5},
        "deepspeed": {"zero_optimization": {"stage": stage}},
    }
    trainer = HandTrainer(hand_config(**(values | changes)))
    trainer.progress = Recorder()
    return trainer


def _weights(trainer: HandTrainer) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in trainer.engine.full_state_dict().items()}


def _losses(trainer: HandTrainer) -> list[float]:
    assert isinstance(trainer.progress, Recorder)
    return [report.loss for report in trainer.progress.reports]


def _logits(model: nn.Module) -> Tensor:
    model.eval()
    with torch.no_grad():
        logits: Tensor = model(input_ids=torch.arange(30)[None], use_cache=False).logits
    return logits


def test_only_the_adapter_is_trained_at_every_stage(tmp_path: Path) -> None:
    """Only the adapter changes, and by the same steps whatever ZeRO spreads out.

    An adapter begins as nothing: the first loss is that of the model without one.
    """
    bare = _trainer(tmp_path, model={})
    bare.train()
    by_stage: dict[int, dict[str, Tensor]] = {}
    for stage in range(4):
        trainer = _trainer(tmp_path, stage=stage)
        before = _weights(trainer)
        trainer.train()
        assert _losses(trainer)[0] == pytest.approx(_losses(bare)[0], abs=1e-6)
        after = by_stage[stage] = _weights(trainer)
        changed = {name for name in after if not torch.equal(after[name], before[name])}
        assert changed == {name for name in after if ".lora_" in name}
        for name, value in after.items():
            assert torch.allclose(value, by_stage[0][name], atol=1e-6, rtol=0), (stage, name)


def test_activation_checkpoints_change_nothing(tmp_path: Path) -> None:
    """Activations that are computed again give adapters the gradients that kept ones give."""
    losses = []
    for disabled in (True, False):
        model = {"peft_config": _LORA, "disable_activation_checkpoint": disabled}
        trainer = _trainer(tmp_path, model=model)
        trainer.train()
        losses.append(_losses(trainer))
    assert losses[0] == losses[1]
    assert losses[0][-1] < losses[0][0]


@pytest.mark.parametrize("stage", [0, 2, 3])
def test_resumed_run_is_bit_identical(stage: int, tmp_path: Path) -> None:
    """A run with an adapter, dropout and all, goes on from a checkpoint as if it had not ended."""
    saving = {"output_dir": str(tmp_path / "saved"), "auto_resume": True, "save_every_n_steps": 2}
    model = {"peft_config": _LORA | {"lora_dropout": 0.5}}
    whole = _trainer(tmp_path, stage=stage, model=model)
    whole.train()
    for stop in (2, 0):
        parts = _trainer(tmp_path, stage=stage, model=model, checkpoint=saving, exit_iteration=stop)
        parts.train()
    assert _losses(parts) == _losses(whole)[2:]
    for name, value in _weights(parts).items():
        assert torch.equal(value, _weights(whole)[name]), name


@pytest.mark.parametrize(("stage", "dtype"), [(0, "fp32"), (0, "bf16"), (3, "fp32")])
def test_exports_say_what_the_trained_model_says(stage: int, dtype: str, tmp_path: Path) -> None:
    """The adapter on its base, and the merged model, have the logits of the trained one.

    The adapter's files hold the adapter alone, and merging leaves the trained model as it is.
    """
    base = sft_config(
        model={"dtype": dtype},
        train_iters=1,
        checkpoint={
            "type": "huggingface",
            "output_dir": str(tmp_path / "base"),
            "save_end_of_training": True,
        },
    )
    SFTTrainer(base).train()
    saved = str(tmp_path / "base" / "global_step_1")
    exports = [
        {
            "type": "huggingface",
            "output_dir": str(tmp_path / name),
            "save_end_of_training": True,
            "merge_adapter": name == "merged",
        }
        for name in ("merged", "adapter")
    ]
    values = json.loads(base.model_dump_json()) | {
        "model": {"name_or_path": saved, "dtype": dtype, "peft_config": _LORA | {"r": 2}},
        "tokenizer": {},
        "checkpoint": exports,
        "optimizer": {"learning_rate": 1e-2},
        "deepspeed": {"zero_optimization": {"stage": stage}},
        "train_iters": 3,
    }
    trainer = SFTTrainer(SFTTrainerConfig.model_validate(values))
    before = _logits(trainer.model)
    trainer.train()
    expected = _logits(trainer.model)
    assert (expected - before).abs().max() > 0.01

    atol = {"fp32": 1e-6, "bf16": 0.02}[dtype]
    for name in ("adapter", "merged"):
        folder = tmp_path / name / "global_step_3"
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(folder)
        assert torch.allclose(_logits(model), expected, atol=atol, rtol=0), name
    tensors = load_file(tmp_path / "adapter" / "global_step_3" / "adapter_model.safetensors")
    assert all(".lora_" in name for name in tensors)
    names = load_file(tmp_path / "merged" / "global_step_3" / "model.safetensors").keys()
    assert names == load_file(Path(saved, "model.safetensors")).keys()


def test_preferences_of_an_adapter(tmp_path: Path) -> None:
    """`dpo` trains an adapter against the model without it: the margins begin at exactly 0."""
    trainer: DPOTrainer = SGDTrainer(
        dpo_config(
            model=SMALL | {"peft_config": _LORA},
            ref_model=SMALL,
            data=preference_data(tmp_path / "pairs.jsonl", pairs(8)),
            micro_batch_size=4,
            epochs=4,
            optimizer={"learning_rate": 0.5},
        )
    )
    trainer.progress = recorder = Recorder()
    trainer.train()
    margins = [report.terms["reward_margin"] for report in recorder.reports]
    assert margins[0] == 0
    assert margins[-1] > 0.01


@pytest.mark.parametrize(
    ("changes", "place", "message", "hint"),
    [
        (
            {"target_modules": ["v_proj", "q_prj"]},
            ("target_modules", 1),
            "the model has no layer `q_prj`",
            "did you mean `q_proj`?",
        ),
        (
            {"target_modules": "q_proj"},
            ("target_modules",),
            "`q_proj` is not the whole name of a layer",
            "write `[q_proj]`: a string is a regular expression of the whole name",
        ),
        (
            {"target_modules": "zz"},
            ("target_modules",),
            "`zz` matches the name of no layer",
            _LINEAR,
        ),
        (
            {"target_modules": "("},
            ("target_modules",),
            "`(` is not a regular expression: missing ), unterminated subpattern at position 0",
            "",
        ),
        (
            {"modules_to_save": ["lm_hed"]},
            ("modules_to_save", 0),
            "the model has no layer `lm_hed`",
            "did you mean `lm_head`?",
        ),
    ],
)
def test_layers_that_the_model_does_not_have(
    changes: dict[str, object], place: Pointer, message: str, hint: str
) -> None:
    """A name that no layer has is an error at that name, before anything is prepared."""
    adapter = {"peft_type": "Lora", **changes}
    with pytest.raises(UnusableRecipeError) as caught:
        SFTTrainer(sft_config(model={"peft_config": adapter}))
    (problem,) = caught.value.problems
    assert problem.pointer == ("model", "peft_config", *place)
    assert (problem.message, problem.hint) == (message, hint)


@pytest.mark.parametrize(
    "adapter",
    [
        {"peft_type": "LOHA", "target_modules": ["embed_tokens"]},
        {"peft_type": "LOKR", "target_modules": ["embed_tokens"]},
        {
            "peft_type": "IA3",
            "target_modules": ["embed_tokens"],
            "feedforward_modules": ["lm_head"],
        },
        {"peft_type": "LORA", "target_modules": ["input_layernorm"]},
        {"peft_type": "LORA", "target_modules": ["q_proj"], "modules_to_save": ["self_attn"]},
    ],
)
def test_layers_that_take_no_such_adapter(adapter: dict[str, object]) -> None:
    """What PEFT refuses, it refuses before anything is prepared, whatever exception it raises."""
    with pytest.raises(UnusableRecipeError) as caught:
        SFTTrainer(sft_config(model={"peft_config": adapter}))
    (problem,) = caught.value.problems
    assert problem.pointer == ("model", "peft_config")
    assert problem.hint


@pytest.mark.parametrize("targets", ["all-linear", ["mlp.up_proj"], r".*\.1\..*_proj"])
def test_names_that_peft_understands_are_taken(targets: object) -> None:
    """All linear layers, the end of a name, a regular expression of whole names."""
    adapter = LoRAConfig.model_validate({"peft_type": "LORA", "target_modules": targets})
    shape = LlamaConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=2)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(shape)
    assert [*unknown_layers(model, adapter)] == []


def test_an_adapter_alone_needs_a_base_that_exists(tmp_path: Path) -> None:
    """An adapter on random weights is not exported without them."""
    saving = {"type": "huggingface", "output_dir": str(tmp_path)}
    model = {"peft_config": _LORA}
    with pytest.raises(UnusableRecipeError) as caught:
        SFTTrainer(sft_config(model=model, checkpoint=[saving, saving | {"merge_adapter": True}]))
    (problem,) = caught.value.problems
    assert problem.pointer == ("checkpoint", 0, "merge_adapter")
    assert problem.hint == "set `merge_adapter: true`"


def test_what_cannot_be_is_known_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No package, nothing to merge, an adapter of what is not trained: found before data is."""
    monkeypatch.setattr(factory_module, "find_spec", lambda _name: None)
    merging = {"type": "huggingface", "output_dir": str(tmp_path), "merge_adapter": True}
    with pytest.raises(UnusableRecipeError) as caught:
        DPOTrainer(dpo_config(ref_model=SMALL | {"peft_config": _LORA}, checkpoint=[merging]))
    assert [(problem.pointer, problem.code) for problem in caught.value.problems] == [
        (("ref_model", "peft_config"), "not-installed"),
        (("checkpoint", 0, "merge_adapter"), "conflict"),
        (("ref_model", "peft_config"), "conflict"),
    ]
