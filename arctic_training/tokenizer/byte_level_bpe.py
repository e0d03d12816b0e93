"""Byte-level BPE tokenizer, trained on first use and cached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast
from typing_extensions import override

from arctic_training.config.source import DataSourceConfig
from arctic_training.config.tokenizer import ByteLevelBPEConfig
from arctic_training.data.chat.conversation import Conversation
from arctic_training.data.sources.mixture import mix
from arctic_training.data.sources.registry import conversation_source
from arctic_training.data.sources.source import Source, source_problems, sources_fingerprint
from arctic_training.data.store.cache import DataCache
from arctic_training.data.store.digests import digest, digest_of_code
from arctic_training.errors import RecipeError
from arctic_training.tokenizer.factory import TokenizerFactory

__all__ = ["ByteLevelBPEFactory"]

_FILE: Final = "tokenizer.json"
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

    @property
    def _sources(self) -> Sequence[Source[DataSourceConfig, Conversation]]:
        return [conversation_source(section) for section in self.config.sources]

    @override
    def problems(self) -> Iterator[RecipeError]:
        return source_problems(self, self._sources)

    @override
    def create(self) -> PreTrainedTokenizerBase:
        return PreTrainedTokenizerFast(
            tokenizer_object=Tokenizer.from_file(str(self._cached() / _FILE)),
            pad_token=_PAD,
            eos_token=_END,
            chat_template=_CHATML,
            clean_up_tokenization_spaces=False,
        )

    def _cached(self) -> Path:
        """Return the cached folder of the tokenizer, which is trained if it is missing.

        Raises:
            RecipeError: a source cannot be loaded, or the cache cannot be used.

        """
        section = self.trainer.config.data
        sources = sources_fingerprint(self, self._sources)
        key = digest([sources, self.config.vocab_size, digest_of_code(type(self)), _code()])
        try:
            place = None if section.streaming else section.cache_dir  # of a stream nothing is kept
            cache = DataCache.at(place, self.trainer.note, is_complete=False)
            return cache.folder("tokenizers", key, self._train)
        except OSError as error:
            message = f"the cache of tokenizers cannot be used: {error.strerror or error}"
            raise RecipeError(("data", "cache_dir"), message, code="not-writable") from error

    def _train(self, folder: Path) -> None:
        texts = (
            message["content"]
            for conversation in mix(self._sources, self)
            for message in conversation
        )
        tokenizer = Tokenizer(models.BPE())
        # A newline is always one token, so that no token reaches from the role into the content.
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
        tokenizer.save(str(folder / _FILE))


def _code() -> str:
    """Return the source of this module, which decides the tokens as well."""
    return Path(__file__).read_text(encoding="utf-8")
