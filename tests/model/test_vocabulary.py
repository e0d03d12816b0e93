"""Pretrained models with tokenizers that are not theirs, or that have grown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from arctic_trainers.dpo import DPOTrainer
from arctic_trainers.sft import SFTTrainer, SFTTrainerConfig
from arctic_training.data.chat.conversation import Conversation
from arctic_training.errors import RecipeError, TrainingError, UnusableRecipeError
from arctic_training.model.vocabulary import foreign_vocabulary
from tests.preferences import dpo_config, pairs, preference_data
from tests.pretrained import save_pretrained_model, trained_tokenizer
from tests.tiny import jsonl, recipe

_TOOL: Final = "<|tool|>"


def _grown(folder: Path, *tokens: str, tied: bool = True) -> Path:
    """Write a model whose tokenizer has grown by tokens that have no embedding."""
    model = save_pretrained_model(folder / "model", tied=tied)
    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.add_special_tokens({"additional_special_tokens": [*tokens]})
    tokenizer.save_pretrained(model)
    return model


def _said(*words: str) -> Sequence[Conversation]:
    return [
        [{"role": "user", "content": "Count."}, {"role": "assistant", "content": word}]
        for word in words
    ]


def _config(
    folder: Path, model: Path, *words: str, section: object = None, **changes: object
) -> SFTTrainerConfig:
    values = recipe(data={"sources": jsonl(folder / "said.jsonl", _said(*words or ["1 2"]))})
    values["model"] = {
        "name_or_path": str(model),
        "dtype": "fp32",
        "disable_activation_checkpoint": True,
        **(section if isinstance(section, dict) else {}),
    }
    values |= {"tokenizer": {}, "train_iters": 2, "optimizer": {"learning_rate": 1e-2}} | changes
    return SFTTrainerConfig.model_validate(values)


def _saving(folder: Path, **section: object) -> dict[str, object]:
    saving = {"type": "huggingface", "output_dir": str(folder / "out")}
    return {**saving, "save_end_of_training": True, **section}


def _logits(model: nn.Module, ids: list[int]) -> Tensor:
    model.eval()
    with torch.no_grad():
        logits: Tensor = model(input_ids=torch.tensor([ids]), use_cache=False).logits
    return logits


_NEW: Final[dict[str, object]] = {
    "type": "byte_level_bpe",
    "vocab_size": 300,
    "sources": {"type": "python_docs"},
}


def test_a_tokenizer_that_a_run_trains_is_not_a_pretrained_models(tmp_path: Path) -> None:
    """`byte_level_bpe` beside a pretrained model is refused before data is prepared."""
    for with_tokenizer in (True, False):
        model = save_pretrained_model(
            tmp_path / str(with_tokenizer), vocab_size=500, with_tokenizer=with_tokenizer
        )
        with pytest.raises(UnusableRecipeError, match="trained with another tokenizer") as caught:
            SFTTrainer(_config(tmp_path, model, tokenizer=_NEW))
        (problem,) = caught.value.problems
        assert problem.pointer == ("model", "name_or_path")
        assert "set `tokenizer: {type: huggingface}`" in problem.hint


def test_a_reference_model_of_another_vocabulary_is_refused(tmp_path: Path) -> None:
    """Nested models get the same tokens, so that they are checked as well, at their section."""
    model = save_pretrained_model(tmp_path / "model")
    other = save_pretrained_model(tmp_path / "other")
    trained_tokenizer("quite another text: abracadabra, abracadabra").save_pretrained(other)
    sections = [{"name_or_path": str(each), "dtype": "fp32"} for each in (model, other)]
    config = dpo_config(data=preference_data(tmp_path / "pairs.jsonl", pairs(2)))
    values = json.loads(config.model_dump_json())
    values |= {"model": sections[0], "ref_model": sections[1], "tokenizer": {}}
    with pytest.raises(UnusableRecipeError, match="trained with another tokenizer") as caught:
        DPOTrainer(type(config).model_validate(values))
    assert [each.pointer for each in caught.value.problems] == [("ref_model", "name_or_path")]


def test_vocabularies_are_compared_by_id() -> None:
    """More tokens and renamed reserved ones are fine; other or moved ones are foreign."""
    own = trained_tokenizer()
    grown, foreign = trained_tokenizer(), trained_tokenizer("abracadabra, abracadabra, hocus pocus")
    grown.add_special_tokens({"additional_special_tokens": [_TOOL]})
    assert foreign_vocabulary(grown, own) == ""
    assert foreign_vocabulary(own, grown) == ""
    assert "differ" in foreign_vocabulary(foreign, own)
    text = own.backend_tokenizer.to_str()
    renamed = text.replace("<|endoftext|>", "<|reserved|>")
    moved = text.replace("<|im_start|>", "<|x|>").replace("<|endoftext|>", "<|im_start|>")
    for changed, is_foreign in ((renamed, False), (moved, True)):
        other = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(changed))
        assert bool(foreign_vocabulary(other, own)) is is_foreign


def test_a_token_without_an_embedding_is_refused_where_it_is_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A grown tokenizer trains as long as no sample has a new token; else preparing stops."""
    model = _grown(tmp_path, _TOOL)
    SFTTrainer(_config(tmp_path, model)).train()
    assert f"from `{_TOOL}`" in capsys.readouterr().out
    rows = len(trained_tokenizer())
    for _ in range(2):  # nothing that was refused is in the cache
        with pytest.raises(RecipeError, match=rf"the data has the token `<\|tool\|>` \({rows}\)"):
            SFTTrainer(_config(tmp_path, model, "1 2", f"1 {_TOOL}"))


@pytest.mark.parametrize("used", ["pad", "template"])
def test_a_token_that_every_run_uses_needs_an_embedding(used: str, tmp_path: Path) -> None:
    """The pad token, and those of the chat template, are refused before data is read."""
    model = _grown(tmp_path, _TOOL)
    tokenizer = AutoTokenizer.from_pretrained(model)
    if used == "pad":
        tokenizer.pad_token = _TOOL
    else:
        tokenizer.chat_template = str(tokenizer.chat_template).replace("<|im_end|>", _TOOL)
    tokenizer.save_pretrained(model)
    with pytest.raises((UnusableRecipeError, RecipeError), match=r"<\|tool\|>") as caught:
        SFTTrainer(_config(tmp_path, model))
    hints = [each.hint for each in getattr(caught.value, "problems", [caught.value])]
    assert all("resize_embeddings: true" in hint for hint in hints)
    SFTTrainer(_config(tmp_path, model, section={"resize_embeddings": True}))


@pytest.mark.parametrize(
    ("tied", "stage"),
    [
        (True, 0),
        (False, 3),
        pytest.param(True, 3, marks=pytest.mark.full),
        pytest.param(False, 0, marks=pytest.mark.full),
    ],
)
def test_resized_embeddings_are_trained_exported_and_resumed(
    tied: bool,  # noqa: FBT001 - a row of the table
    stage: int,
    tmp_path: Path,
) -> None:
    """New rows begin as the mean, learn, come back in an export, and resume bit for bit."""
    model = _grown(tmp_path, _TOOL, tied=tied)
    changes = {
        "section": {"resize_embeddings": True},
        "deepspeed": {"zero_optimization": {"stage": stage}},
        "train_iters": 4,
    }
    state = {"type": "deepspeed", "output_dir": str(tmp_path / "state"), "auto_resume": True}
    words = [f"1 {_TOOL}", "1 2"]
    whole = SFTTrainer(_config(tmp_path, model, *words, checkpoint=[_saving(tmp_path)], **changes))
    begun = whole.engine.full_state_dict()["model.embed_tokens.weight"].clone()
    assert torch.allclose(begun[-1], begun[:-1].mean(dim=0), atol=1e-6)
    whole.train()
    trained = {name: each.clone() for name, each in whole.engine.full_state_dict().items()}
    assert not torch.equal(trained["model.embed_tokens.weight"][-1], begun[-1])
    ids = [len(begun) - 1, 5, 6]
    exported: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        tmp_path / "out" / "global_step_4"
    )
    assert torch.equal(_logits(exported, ids), _logits(whole.model, ids))
    assert exported.config.tie_word_embeddings is tied
    for stop in (2, 0):
        checkpoint = [state | {"save_every_n_steps": 2}]
        part = SFTTrainer(
            _config(tmp_path, model, *words, checkpoint=checkpoint, exit_iteration=stop, **changes)
        )
        part.train()
    for name, each in part.engine.full_state_dict().items():
        assert torch.equal(each, trained[name]), name


def test_an_adapter_trains_and_exports_new_rows(tmp_path: Path) -> None:
    """New rows that an adapter leaves frozen, or that its export would lose, are refused."""
    model = _grown(tmp_path, _TOOL)
    lora = {"peft_type": "LORA", "r": 2, "target_modules": ["q_proj"]}
    section = {"resize_embeddings": True, "peft_config": lora}
    words = [f"1 {_TOOL}"]
    with pytest.raises(UnusableRecipeError) as caught:
        SFTTrainer(_config(tmp_path, model, section=section, checkpoint=[_saving(tmp_path)]))
    assert [(each.pointer, each.hint) for each in caught.value.problems] == [
        (("model", "peft_config"), "add `modules_to_save: [embed_tokens, lm_head]`"),
        (("checkpoint", 0, "merge_adapter"), "set `merge_adapter: true`"),
    ]
    section["peft_config"] = lora | {"modules_to_save": ["embed_tokens", "lm_head"]}
    checkpoint = [_saving(tmp_path, merge_adapter=True)]
    config = _config(tmp_path, model, *words, section=section, checkpoint=checkpoint)
    trainer = SFTTrainer(config)
    trainer.train()
    exported: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        tmp_path / "out" / "global_step_2"
    )
    ids = [len(trained_tokenizer()), 5, 6]
    assert (_logits(exported, ids) - _logits(trainer.model, ids)).abs().max() < 4e-7


def test_untying_keeps_the_head(tmp_path: Path) -> None:
    """`tie_word_embeddings: false` makes the head a copy of the embedding, not a random one."""
    model = save_pretrained_model(tmp_path / "model")
    section = {"hf_config_kwargs": {"tie_word_embeddings": False}}
    trainer = SFTTrainer(_config(tmp_path, model, section=section, checkpoint=[_saving(tmp_path)]))
    weights = trainer.engine.full_state_dict()
    assert torch.equal(weights["lm_head.weight"], weights["model.embed_tokens.weight"])
    trainer.train()
    weights = trainer.engine.full_state_dict()
    assert not torch.equal(weights["lm_head.weight"], weights["model.embed_tokens.weight"])
    exported: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        tmp_path / "out" / "global_step_2"
    )
    assert torch.equal(_logits(exported, [4, 5]), _logits(trainer.model, [4, 5]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tie_word_embeddings": True}, "would be lost"),
        ({"vocab_size": 999}, "a place of its own"),
        ({"num_labels": 3}, "no effect on a causal language model"),
        ({"id2label": {"0": "a"}}, "no effect on a causal language model"),
    ],
)
def test_changes_that_would_train_another_model(
    changes: dict[str, object], message: str, tmp_path: Path
) -> None:
    """A lost head, a size that the tokenizer decides, labels without a head: refused."""
    model = save_pretrained_model(tmp_path / "model", tied=False)
    with pytest.raises(UnusableRecipeError, match=message) as caught:
        SFTTrainer(_config(tmp_path, model, section={"hf_config_kwargs": changes}))
    (problem,) = caught.value.problems
    assert problem.pointer == ("model", "hf_config_kwargs", *changes)


def test_weights_that_a_model_lacks_are_not_drawn_at_random(tmp_path: Path) -> None:
    """More layers than the model has would begin at random: they are refused."""
    model = save_pretrained_model(tmp_path / "model")
    section = {"hf_config_kwargs": {"num_hidden_layers": 3}}
    with pytest.raises(RecipeError, match="they would be random") as caught:
        SFTTrainer(_config(tmp_path, model, section=section))
    assert caught.value.pointer == ("model", "hf_config_kwargs")


@pytest.mark.parametrize("wrong", [-1, 10**6])
def test_batches_of_any_data_factory_are_checked(wrong: int, tmp_path: Path) -> None:
    """An id without an embedding ends training with a message, whoever made the batch."""
    trainer = SFTTrainer(_config(tmp_path, save_pretrained_model(tmp_path / "model")))
    (batch,) = [*trainer.train_dataloader.batches(0)][:1]
    batch["input_ids"][0, 0] = wrong
    with pytest.raises(TrainingError, match=f"the token id {wrong}, and the embedding"):
        trainer.step(batch)


@pytest.mark.parametrize("merged", [False, True])
def test_an_adapter_is_saved_without_the_changes_of_its_base(
    merged: bool,  # noqa: FBT001 - a row of the table
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A note says that the configuration which a recipe changes is needed to load the adapter."""
    lora = {"peft_type": "LORA", "r": 2, "target_modules": ["q_proj"]}
    section = {"peft_config": lora, "hf_config_kwargs": {"num_hidden_layers": 1}}
    checkpoint = [_saving(tmp_path, merge_adapter=merged)]
    model = save_pretrained_model(tmp_path / "model")
    SFTTrainer(_config(tmp_path, model, section=section, checkpoint=checkpoint))
    assert ("pass them to `from_pretrained`" in capsys.readouterr().out) is not merged
