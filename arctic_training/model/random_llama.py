"""A Llama model of any size with random weights."""

from __future__ import annotations

from collections.abc import Iterator

import transformers
from torch import nn
from typing_extensions import override

from arctic_training.config.model import RandomLlamaConfig
from arctic_training.errors import RecipeError
from arctic_training.model.factory import ModelFactory
from arctic_training.model.model_options import DTYPES

__all__ = ["RandomLlamaFactory"]


class RandomLlamaFactory(ModelFactory[RandomLlamaConfig]):
    """Llama (Touvron et al., 2023) from its configuration: needs no hub and no file."""

    name = "random_llama"
    config_type: type[RandomLlamaConfig] = RandomLlamaConfig

    @override
    def problems(self) -> Iterator[RecipeError]:
        yield from super().problems()
        config = self.config
        if config.hidden_size % (2 * config.num_attention_heads):
            step = 2 * config.num_attention_heads
            message = (
                f"{config.hidden_size} is not a multiple of {step}: twice `num_attention_heads`"
            )
            hint = f"write {config.hidden_size // step * step or step}, or another multiple"
            yield self.problem("hidden_size", message, code="out-of-range", hint=hint)
        else:
            yield from self.adapter_problems(self._architecture())
        yield from self.length_problems(self.max_position_embeddings())

    @override
    def max_position_embeddings(self) -> int:
        return self.config.max_position_embeddings

    def _architecture(self) -> transformers.LlamaConfig:
        """Return the architecture, but for what depends on the tokenizer."""
        config = self.config
        architecture = transformers.LlamaConfig(
            hidden_size=config.hidden_size,
            intermediate_size=config.intermediate_size,
            num_hidden_layers=config.num_hidden_layers,
            num_attention_heads=config.num_attention_heads,
            max_position_embeddings=config.max_position_embeddings,
            tie_word_embeddings=True,
        )
        architecture.update(dict(self.head))
        return architecture

    @override
    def create(self) -> nn.Module:
        config, tokenizer = self.config, self.trainer.tokenizer
        architecture = self._architecture()
        architecture.vocab_size = len(tokenizer)
        architecture.pad_token_id = tokenizer.pad_token_id
        architecture.bos_token_id = tokenizer.bos_token_id
        architecture.eos_token_id = tokenizer.eos_token_id
        try:
            model = self.auto_class.from_config(
                architecture,
                dtype=DTYPES[config.dtype],
                attn_implementation=config.attn_implementation,
            )
        except ImportError as error:
            raise self.no_attention(error) from error
        return self.apply_adapters(model)
