"""The tokenizer that is trained when the run starts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase

from tests.tiny import HandTrainer, hand_config


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


def test_prompt_ends_where_the_answer_begins(tokenizer: PreTrainedTokenizerBase) -> None:
    """The prompt for a generation is the beginning of the conversation with its answer."""
    asked = [{"role": "user", "content": "What?"}]
    said = [*asked, {"role": "assistant", "content": "    this"}]
    prompt = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_dict=False)
    whole = tokenizer.apply_chat_template(said, return_dict=False)
    assert whole[: len(prompt)] == prompt
