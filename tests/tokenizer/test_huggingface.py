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
from arctic_training.core.context import TrainerContext
from arctic_training.data.chat.conversation import Conversation
from arctic_training.data.chat.encoding import ChatEncoder, MaskOptions
from arctic_training.errors import RecipeError
from arctic_training.tokenizer.huggingface import HFTokenizerFactory
from tests.support import ROOT, write


def _factory(folder: Path, template: Path | None = None, **tokens: str) -> HFTokenizerFactory:
    """Return the factory of a tokenizer in a folder that has the special tokens."""
    words = models.WordLevel({"a": 0, "[END]": 1, "[PAD]": 2})
    PreTrainedTokenizerFast(tokenizer_object=Tokenizer(words), **tokens).save_pretrained(folder)
    section = HFTokenizerConfig(name_or_path=str(folder), chat_template=template)
    config = SimpleNamespace(tokenizer=section, model=RandomLlamaConfig())
    return HFTokenizerFactory(cast("TrainerContext", SimpleNamespace(config=config)), section)


def _loaded(folder: Path, **tokens: str) -> PreTrainedTokenizerBase:
    return _factory(folder, None, **tokens).create()


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


def test_a_chat_template_comes_from_a_file(tmp_path: Path) -> None:
    """The documented template serves a tokenizer without one: answer and end are trained."""
    page = (ROOT / "docs/how-to/chat-template.md").read_text("utf-8")
    text = page.partition("```jinja")[2].partition("\n")[2].partition("```")[0]
    factory = _factory(tmp_path, write(tmp_path / "chat.jinja", text), eos_token="[END]")  # noqa: S106 - a token of texts
    encoder = ChatEncoder(factory.create(), MaskOptions())
    said: Conversation = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "a"}]
    rendered, (span,) = encoder.masked_text(said)
    assert rendered == "<|user|>\nhi[END]\n<|assistant|>\na[END]\n"
    assert rendered[slice(*span)] == "a[END]"
    assert [*factory.problems()] == []


def test_a_tokenizer_is_told_of_where_it_is_named() -> None:
    """What is wrong with the model's own tokenizer is an error at the model's name."""
    assert HFTokenizerConfig().named_by == "model"
    assert HFTokenizerConfig(name_or_path="other").named_by == "tokenizer"


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_chat_template_that_cannot_be_read_is_refused(
    content: bytes | None, tmp_path: Path
) -> None:
    """The recipe is refused at the key; a file that is not there, before anything is loaded."""
    template = tmp_path / "chat.jinja"
    factory = _factory(tmp_path, template, eos_token="[END]")  # noqa: S106 - a token of texts
    if content is None:
        (problem,) = factory.problems()
    else:
        template.write_bytes(content)
        with pytest.raises(RecipeError) as caught:
            factory.create()
        problem = caught.value
    assert problem.pointer[-1] == "chat_template"
    assert problem.message.startswith(f"the chat template `{template}` cannot be read: ")
