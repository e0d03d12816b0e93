"""Tokenizers of folders."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from arctic_training.config.model import RandomLlamaConfig
from arctic_training.config.tokenizer import HFTokenizerConfig
from arctic_training.errors import RecipeError
from arctic_training.tokenizer.huggingface import HFTokenizerFactory
from arctic_training.trainer.context import TrainerContext


def _loaded(folder: Path, **tokens: str) -> PreTrainedTokenizerBase:
    """Return what is made of a tokenizer in a folder that has the special tokens."""
    words = models.WordLevel({"a": 0, "[END]": 1, "[PAD]": 2})
    PreTrainedTokenizerFast(tokenizer_object=Tokenizer(words), **tokens).save_pretrained(folder)
    section = HFTokenizerConfig(name_or_path=str(folder))
    config = SimpleNamespace(tokenizer=section, model=RandomLlamaConfig())
    trainer = cast("TrainerContext", SimpleNamespace(config=config))
    return HFTokenizerFactory(trainer, section).create()


@pytest.mark.parametrize(
    ("tokens", "padding"),
    [({"eos_token": "[END]"}, 1), ({"eos_token": "[END]", "pad_token": "[PAD]"}, 2)],
)
def test_rows_are_filled_with_a_token(tokens: dict[str, str], padding: int, tmp_path: Path) -> None:
    """Rows are filled with the tokenizer's token for it, or else with the one that ends a text."""
    assert _loaded(tmp_path, **tokens).pad_token_id == padding


def test_a_tokenizer_without_such_a_token_is_refused(tmp_path: Path) -> None:
    """Where there is neither, the recipe is refused at the tokenizer's name, before any batch."""
    with pytest.raises(RecipeError, match="no token to fill rows with") as caught:
        _loaded(tmp_path)
    assert caught.value.pointer[-1] == "name_or_path"
