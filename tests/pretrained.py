"""Small pretrained models with their tokenizers, in folders, as users have them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

__all__ = ["CHATML", "save_pretrained_model", "trained_tokenizer"]

CHATML: Final = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{% generation %}"
    "{{ message.content }}<|im_end|>{% endgeneration %}\n{% endfor %}"
)
_TEXTS: Final = ["Count to 3.", "0 1 2 3 4 5 6 7 8 9 10 11 12", "user assistant system"]
_SPECIAL: Final = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def trained_tokenizer(*texts: str, eos: str = "<|im_end|>") -> PreTrainedTokenizerFast:
    """Return a byte-level tokenizer of 270 tokens or so that is trained on texts, with ChatML."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=_SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts or _TEXTS, trainer)
    special = {"eos_token": eos, "pad_token": _SPECIAL[0]}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)
    fast.chat_template = CHATML
    return fast


def save_pretrained_model(
    folder: Path, *, tied: bool = True, vocab_size: int | None = None, with_tokenizer: bool = True
) -> Path:
    """Write a Llama of random weights with its tokenizer into a folder, and return the folder."""
    tokenizer = trained_tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=vocab_size or len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=2048,
        tie_word_embeddings=tied,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    if with_tokenizer:
        tokenizer.save_pretrained(folder)
    return folder
