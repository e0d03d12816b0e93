"""The tokenizer that is trained when the run starts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase

from arctic_training.errors import RecipeError
from arctic_training.tokenizer.byte_level_bpe import ByteLevelBPEFactory
from tests.tiny import HandTrainer, hand_config, jsonl, ragged


def _made() -> PreTrainedTokenizerBase:
    section = {"type": "byte_level_bpe", "vocab_size": 500}
    trainer = HandTrainer(hand_config(tokenizer=section, train_iters=1))
    return trainer.make_tokenizer_factory().create()


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    """Return a tokenizer of 500 tokens."""
    return _made()


@given(st.text())
def test_text_comes_back(tokenizer: PreTrainedTokenizerBase, text: str) -> None:
    """Any text is made of its tokens again; a newline is always a token of its own."""
    ids: list[int] = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    newline: list[int] = tokenizer.encode("\n")
    assert ids.count(newline[0]) == text.count("\n")


def test_same_sources_same_tokenizer(tokenizer: PreTrainedTokenizerBase) -> None:
    """The same sources give the same tokens, as many as the recipe says."""
    assert _made().get_vocab() == tokenizer.get_vocab()
    assert len(tokenizer) == 500
    assert tokenizer.convert_ids_to_tokens([0, 1, 2]) == ["<|pad|>", "<|im_start|>", "<|im_end|>"]


def test_a_tokenizer_is_trained_once(tmp_path: Path) -> None:
    """It is kept in the cache of the data, until its size or one of its texts changes."""
    data = {"sources": jsonl(tmp_path / "data.jsonl", ragged(3)), "cache_dir": tmp_path / "cache"}
    texts = jsonl(tmp_path / "texts.jsonl", ragged(3))
    section = {"type": "byte_level_bpe", "vocab_size": 300, "sources": texts}
    trainer = HandTrainer(hand_config(data=data, tokenizer=section, train_iters=1))
    (first,) = _kept(tmp_path)
    again = ByteLevelBPEFactory(trainer, trainer.config.tokenizer).create()
    assert [first] == _kept(tmp_path)
    assert again.get_vocab() == trainer.tokenizer.get_vocab()
    larger = trainer.config.tokenizer.model_copy(update={"vocab_size": 310})
    ByteLevelBPEFactory(trainer, larger).create()
    assert len(_kept(tmp_path)) == 2
    jsonl(tmp_path / "texts.jsonl", ragged(5))
    ByteLevelBPEFactory(trainer, trainer.config.tokenizer).create()
    assert len(_kept(tmp_path)) == 3


def _kept(folder: Path) -> list[tuple[Path, int]]:
    """Return the tokenizers in the cache, and when each was written."""
    files = sorted(folder.glob("cache/tokenizers/*/tokenizer.json"))
    return [(file, file.stat().st_mtime_ns) for file in files]


def test_a_cache_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """Where the tokenizer cannot be kept, the error names the cache of the recipe."""
    data = {"sources": jsonl(tmp_path / "data.jsonl", ragged(3)), "cache_dir": tmp_path / "cache"}
    trainer = HandTrainer(hand_config(data=data, train_iters=1))
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache").write_text("")
    with pytest.raises(RecipeError, match="cannot be used") as caught:
        ByteLevelBPEFactory(trainer, trainer.config.tokenizer).create()
    assert caught.value.pointer == ("data", "cache_dir")


def test_prompt_ends_where_the_answer_begins(tokenizer: PreTrainedTokenizerBase) -> None:
    """The prompt for a generation is the beginning of the conversation with its answer."""
    asked = [{"role": "user", "content": "What?"}]
    said = [*asked, {"role": "assistant", "content": "    this"}]
    prompt = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_dict=False)
    whole = tokenizer.apply_chat_template(said, return_dict=False)
    assert whole[: len(prompt)] == prompt
