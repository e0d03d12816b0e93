"""Tokens at which generation with a model stops."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerBase

from arctic_training.config.model import HFModelConfig, RandomLlamaConfig
from arctic_training.data.chat.stop_tokens import generation_ends
from tests.tiny import HandTrainer, hand_config


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    """Return a tokenizer with an eos and two tokens of roles."""
    tokenizer = HandTrainer(hand_config(tokenizer={"vocab_size": 600})).tokenizer
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|user|>", "<|tool|>"]})
    return tokenizer


@pytest.mark.parametrize("file", ["generation_config.json", "config.json"])
def test_the_model_lists_further_ends(
    tokenizer: PreTrainedTokenizerBase, tmp_path: Path, file: str
) -> None:
    """What the model's files list counts, but for ids that the tokenizer lacks."""
    vocabulary = tokenizer.get_vocab()
    ids = [vocabulary["<|user|>"], vocabulary["<|tool|>"], 1_000_000]
    says = {"model_type": "llama", "eos_token_id": ids}
    (tmp_path / file).write_text(json.dumps(says))
    model = HFModelConfig(name_or_path=str(tmp_path))
    expected = [tokenizer.eos_token, "<|user|>", "<|tool|>"]
    assert generation_ends(model, tokenizer) == expected


def test_a_model_that_lists_none_leaves_the_eos(
    tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    """Without files that say so, the tokenizer's eos alone ends a text."""
    for model in (HFModelConfig(name_or_path=str(tmp_path)), RandomLlamaConfig()):
        assert generation_ends(model, tokenizer) == [tokenizer.eos_token]
