"""Whether a tokenizer is the one that a pretrained model was trained with."""

from __future__ import annotations

from typing import Final

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from arctic_training.diagnostics.plurals import counted

__all__ = ["foreign_vocabulary", "num_token_ids", "shipped_tokenizer"]

_NEGLIGIBLE: Final = 0.01
"""Share of tokens that may be renamed: some vocabularies reserve plain tokens for that."""


def num_token_ids(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the number of rows that an embedding needs for every token of a tokenizer."""
    return max(tokenizer.get_vocab().values(), default=-1) + 1


def shipped_tokenizer(name_or_path: str) -> PreTrainedTokenizerBase | None:
    """Return the tokenizer that a model comes with; None if it has none that can be loaded."""
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(name_or_path)
    except Exception:  # noqa: BLE001 - kinds of tokenizers differ in how they miss their files
        return None
    return tokenizer if len(tokenizer) > len(tokenizer.added_tokens_decoder) else None


def foreign_vocabulary(tokenizer: PreTrainedTokenizerBase, shipped: PreTrainedTokenizerBase) -> str:
    """Return how a tokenizer contradicts the one that a model comes with; empty if it does not.

    It may have more tokens or fewer, and may rename added ones, which models reserve for that.
    Other tokens have the same ids in both.
    """
    tokens, known = (
        {number: token for token, number in each.get_vocab().items()}
        for each in (tokenizer, shipped)
    )
    added = {*tokenizer.added_tokens_decoder, *shipped.added_tokens_decoder}
    compared = tokens.keys() & known.keys() - added
    renamed = [number for number in compared if tokens[number] != known[number]]
    ids = shipped.get_vocab()
    moved = [i for i in added & tokens.keys() if ids.get(tokens[i], i) != i]
    if not moved and len(renamed) <= _NEGLIGIBLE * len(compared):
        return ""
    first = min([*moved, *renamed])
    names = (f"`{each.get(first, '')}`" for each in (tokens, known))
    return f"{counted(len(renamed) + len(moved), 'id')} differ: {first} is {' and '.join(names)}"
