"""Special tokens of exported models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from transformers import (
    AutoTokenizer,
    GenerationConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerBase,
)

from arctic_training.checkpoint.special_tokens import save_tokenizer, write_special_tokens
from tests.pretrained import CHATML, save_pretrained_model, trained_tokenizer

_END, _START, _TURN = 0, 1, 2
_PLAIN: Final = "{% for message in messages %}{{ message.content }}\n{% endfor %}"


class _Case(NamedTuple):
    """The tokenizer's eos; the ids of the base, in both files; those of the export."""

    eos: str | None
    generation: int | list[int] | None
    config: int | list[int] | None
    ends: int | list[int]
    own: int | list[int]
    template: str = CHATML


def _exported(
    folder: Path,
    tokenizer: PreTrainedTokenizerBase,
    generation: int | list[int] | None,
    config: int | list[int] | None,
) -> tuple[LlamaForCausalLM, list[str]]:
    """Export a model whose base has these end tokens; return it as reloaded, and the changes."""
    model = LlamaForCausalLM.from_pretrained(save_pretrained_model(folder / "base"))
    model.config.eos_token_id = config
    model.generation_config = GenerationConfig(eos_token_id=generation)
    model.save_pretrained(folder / "out")
    before = model.config.to_dict()
    changes = write_special_tokens(folder / "out", model, tokenizer)
    assert model.config.to_dict() == before
    return LlamaForCausalLM.from_pretrained(folder / "out"), changes


@pytest.mark.parametrize(
    "case",
    [
        _Case("<|im_end|>", _END, _END, _TURN, _TURN),  # a base model that learnt to chat
        _Case("<|im_end|>", _TURN, _TURN, _TURN, _TURN),
        _Case("<|im_end|>", None, None, _TURN, _TURN),
        _Case("<|im_end|>", [_TURN, _END], _TURN, [_TURN, _END], _TURN),
        _Case("<|im_end|>", [_END, _START], [_END, 1], [_TURN, _END, 1], [_TURN, _END, 1]),
        _Case("<|im_end|>", [_END, 999], _END, [_TURN, _END], _END),  # no such token
        _Case("<|endoftext|>", _END, _END, [_END, _TURN], _END),  # a turn ends with another
        _Case("<|endoftext|>", _TURN, _TURN, _END, _END, _PLAIN),
        _Case(None, _START, _START, _START, _START, _PLAIN),
    ],
)
def test_generation_ends_where_training_ended_its_texts(case: _Case, tmp_path: Path) -> None:
    """One end token gives way to the tokenizer's, a list is kept; the end of a turn is added."""
    tokenizer = trained_tokenizer()
    tokenizer.eos_token = case.eos
    tokenizer.chat_template = case.template
    model, changes = _exported(tmp_path, tokenizer, case.generation, case.config)
    assert model.generation_config.eos_token_id == case.ends
    assert model.config.eos_token_id == case.own
    assert model.generation_config.pad_token_id == tokenizer.pad_token_id
    named = any("generation_config.json: eos_token_id" in change for change in changes)
    assert named is (case.generation != case.ends)


def test_a_pad_token_that_ends_texts_gets_gradients(tmp_path: Path) -> None:
    """The configuration takes no pad token that is an end token: its embedding would not train."""
    tokenizer = trained_tokenizer()
    tokenizer.pad_token = tokenizer.eos_token
    model, _ = _exported(tmp_path, tokenizer, _TURN, _TURN)
    assert model.generation_config.pad_token_id == _TURN
    assert model.config.pad_token_id == _END


@pytest.mark.filterwarnings("ignore")
def test_a_base_that_contradicts_itself_is_exported(tmp_path: Path) -> None:
    """Options of generation that transformers refuses to save after a change are kept."""
    model, _ = _exported(tmp_path, trained_tokenizer(), _TURN, _TURN)
    model.save_pretrained(tmp_path / "base")
    place = tmp_path / "base" / "generation_config.json"
    values = json.loads(place.read_text()) | {"do_sample": False, "temperature": 0.5}
    place.write_text(json.dumps(values | {"eos_token_id": _END}))
    loaded = LlamaForCausalLM.from_pretrained(tmp_path / "base")
    loaded.save_pretrained(tmp_path / "again")
    assert write_special_tokens(tmp_path / "again", loaded, trained_tokenizer())
    saved = json.loads((tmp_path / "again" / "generation_config.json").read_text())
    assert (saved["temperature"], saved["eos_token_id"]) == (0.5, _TURN)


def test_tokenizers_forget_how_they_were_loaded(tmp_path: Path) -> None:
    """Nothing of this machine is in the tokenizer's files, and it comes back as it was."""
    trained_tokenizer().save_pretrained(tmp_path / "base")
    loaded = AutoTokenizer.from_pretrained(
        tmp_path / "base", local_files_only=True, cache_dir=str(tmp_path)
    )
    save_tokenizer(loaded, tmp_path / "out")
    saved = json.loads((tmp_path / "out" / "tokenizer_config.json").read_text())
    assert not {"local_files_only", "is_local", "cache_dir", "name_or_path"} & saved.keys()
    assert str(tmp_path) not in json.dumps(saved)
    again = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert again.get_vocab() == loaded.get_vocab()
    assert again.chat_template == loaded.chat_template
    assert again.special_tokens_map == loaded.special_tokens_map
