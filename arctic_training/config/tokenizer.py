"""Recipe sections of the tokenizer."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from arctic_training.config.base import Human, OneOrMany, PathInRecipe, SectionConfig
from arctic_training.config.data import DataSource, PythonDocsSourceConfig
from arctic_training.config.markers import Named
from arctic_training.diagnostics.advice import because

__all__ = ["ByteLevelBPEConfig", "HFTokenizerConfig", "TokenizerConfig"]


class TokenizerConfig(SectionConfig, frozen=True):
    """What every tokenizer section has."""

    @property
    def named_by(self) -> str:
        """Section of the recipe that names the tokenizer."""
        return "tokenizer"


class HFTokenizerConfig(TokenizerConfig, frozen=True):
    """A tokenizer of the Hugging Face hub, or of a local folder."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-planned": {
                "tokenize_kwargs": because(
                    "texts are tokenised without options; the runtime adds special tokens",
                    "remove it",
                )
            }
        }
    )

    type: Annotated[str, Named("huggingface")] = "huggingface"

    name_or_path: Annotated[str, Field(json_schema_extra={"format": "name-or-path"})] = ""
    """Name on the hub; or a folder, written as `./folder`, `/folder` or `~/folder`. Empty: the
    model's."""

    chat_template: PathInRecipe | None = None
    """File of a Jinja template that replaces the tokenizer's own; null keeps that."""

    @property
    def named_by(self) -> str:
        """Section that says which tokenizer it is: this one, or else `model`."""
        return "tokenizer" if self.name_or_path else "model"


class ByteLevelBPEConfig(TokenizerConfig, frozen=True):
    """Byte-level byte-pair encoding, trained when the run starts: needs no hub and no file.

    It comes with a ChatML template. The same sources give the same tokenizer, which is kept in the
    cache of the data.
    """

    type: Annotated[str, Named("byte_level_bpe")] = "byte_level_bpe"

    vocab_size: Annotated[int, Field(ge=300), Human()] = 2048
    """Number of tokens, the 256 bytes and the special tokens among them."""

    sources: Annotated[tuple[DataSource, ...], Field(min_length=1), OneOrMany()] = (
        PythonDocsSourceConfig(),
    )
    """Where the texts to train on come from."""
