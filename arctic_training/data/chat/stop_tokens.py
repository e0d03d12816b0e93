"""Tokens at which generation with a model stops, whatever they are to its chat template."""

from __future__ import annotations

from collections.abc import Iterator

from transformers import AutoConfig, GenerationConfig, PreTrainedTokenizerBase

from arctic_training.config.model import HFModelConfig, ModelConfig

__all__ = ["generation_ends"]


def generation_ends(model: ModelConfig, tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """Return the tokens that end generation: the tokenizer's eos, and those that its model lists.

    A template need not write any of them to close a turn: of GLM-4 it is the token that opens the
    next message.
    """
    names = [str(tokenizer.eos_token)] if tokenizer.eos_token else []
    ids = _listed(model.name_or_path) if isinstance(model, HFModelConfig) else ()
    listed = tokenizer.convert_ids_to_tokens([each for each in ids if each < len(tokenizer)])
    return [*dict.fromkeys(name for name in [*names, *listed] if name)]


def _listed(name_or_path: str) -> Iterator[int]:
    """Iterate over the ids that a model's files list; none if they say nothing of it."""
    found: object = None
    for load in (GenerationConfig, AutoConfig):
        try:
            found = load.from_pretrained(name_or_path).eos_token_id
        except Exception:  # noqa: BLE001, S112 - the model itself is checked where it is loaded
            continue
        break
    for each in found if isinstance(found, list) else [found]:
        if isinstance(each, int):
            yield each
