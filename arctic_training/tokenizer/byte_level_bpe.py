"""A tokenizer that is trained when the run starts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast
from typing_extensions import override

from arctic_training.config.tokenizer import ByteLevelBPEConfig
from arctic_training.data.source import load_conversations, source_problems
from arctic_training.errors import RecipeError
from arctic_training.tokenizer.factory import TokenizerFactory

__all__ = ["ByteLevelBPEFactory"]

_PAD: Final = "<|pad|>"
_START: Final = "<|im_start|>"
_END: Final = "<|im_end|>"

_CHATML: Final = """\
{%- for message in messages -%}
{{ '<|im_start|>' + message['role'] + '\\n' }}
{%- if message['role'] == 'assistant' -%}
{%- generation -%}
{{ message['content'] + '<|im_end|>' }}
{%- endgeneration -%}
{%- else -%}
{{ message['content'] + '<|im_end|>' }}
{%- endif -%}
{{ '\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{ '<|im_start|>assistant\\n' }}
{%- endif -%}
"""


class ByteLevelBPEFactory(TokenizerFactory[ByteLevelBPEConfig]):
    """Byte-level byte-pair encoding (Radford et al., 2019), with a ChatML template."""

    name = "byte_level_bpe"
    config_type: type[ByteLevelBPEConfig] = ByteLevelBPEConfig

    @override
    def problems(self) -> Iterator[RecipeError]:
        return source_problems(self, self.config.sources)

    @override
    def create(self) -> PreTrainedTokenizerBase:
        texts = (
            message["content"]
            for conversation in load_conversations(self, self.config.sources)
            for message in conversation
        )
        tokenizer = Tokenizer(models.BPE())
        # A newline is a token of its own: none reaches from the role into what is said.
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split("\n", "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False),
            ]
        )
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=self.config.vocab_size,
            special_tokens=[_PAD, _START, _END],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        return PreTrainedTokenizerFast(
            tokenizer_object=tokenizer,
            pad_token=_PAD,
            eos_token=_END,
            chat_template=_CHATML,
            clean_up_tokenization_spaces=False,
        )
