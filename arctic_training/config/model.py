"""Recipe sections of the model."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, JsonValue

from arctic_training.config.adapter import AnyAdapter
from arctic_training.config.base import Human, SectionConfig
from arctic_training.config.markers import Named, Spelled
from arctic_training.diagnostics.advice import because

__all__ = [
    "HFModelConfig",
    "HFRewardModelConfig",
    "ModelConfig",
    "RandomLlamaConfig",
    "RandomLlamaRewardConfig",
]

_LONG: Final = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
_PLANNED: Final = {
    "save_name": because("it has no effect", "name the folder with `output_dir` of `checkpoint`"),
}

_SPELLINGS: Final = {
    spelling: dtype
    for dtype, other in {"bf16": "bfloat", "fp16": "half", "fp32": "float"}.items()
    for spelling in (_LONG[dtype], f"torch.{_LONG[dtype]}", other)
}
"""Spellings of a precision in PyTorch and in ArcticTraining."""


class ModelConfig(SectionConfig, frozen=True):
    """What every model section has."""

    model_config = ConfigDict(json_schema_extra={"x-planned": dict(_PLANNED)})

    dtype: Annotated[Literal["bf16", "fp16", "fp32"], Spelled(_SPELLINGS)] = "bf16"
    """Precision of the weights. With bf16 and fp16, the optimizer keeps its own weights in fp32;
    with fp16, losses are scaled, as `fp16` of `deepspeed` says."""

    attn_implementation: Literal["sdpa", "eager", "flash_attention_2", "flash_attention_3"] = "sdpa"
    """How attention is computed."""

    disable_activation_checkpoint: bool = False
    """Keep all activations instead of computing them again in the backward pass: faster, larger."""

    peft_config: AnyAdapter | None = None
    """Adapter to train in place of the model's own weights; null trains those. Its `peft_type`
    selects `LoRAConfig`, `IA3Config`, `LoHaConfig` or `LoKrConfig`."""


class HFModelConfig(ModelConfig, frozen=True):
    """A causal language model of the Hugging Face hub, or of a local folder."""

    type: Annotated[str, Named("huggingface")] = "huggingface"

    name_or_path: Annotated[
        str,
        Field(
            min_length=1,
            json_schema_extra={"format": "name-or-path"},
            examples=["HuggingFaceTB/SmolLM2-135M", "./model"],
        ),
    ]
    """Name on the hub; or a folder, written as `./folder`, `/folder` or `~/folder`."""

    hf_config_kwargs: dict[str, JsonValue] = Field(default={})
    """What to change in the configuration that the model comes with: `{attention_dropout: 0.1}`."""

    resize_embeddings: bool = False
    """Add rows to the embedding and the head, as many as the tokenizer has tokens beyond them. Each
    begins as the mean of the others."""


class RandomLlamaConfig(ModelConfig, frozen=True):
    """A Llama model of any size with random weights: needs no hub and no file.

    The size of the vocabulary is the tokenizer's.
    """

    type: Annotated[str, Named("random_llama")] = "random_llama"

    hidden_size: Annotated[int, Field(ge=1), Human()] = 128
    """Width of the residual stream."""

    intermediate_size: Annotated[int, Field(ge=1), Human()] = 384
    """Width of the feed-forward layers."""

    num_hidden_layers: Annotated[int, Field(ge=1), Human()] = 2
    """Number of transformer layers."""

    num_attention_heads: Annotated[int, Field(ge=1), Human()] = 4
    """Number of attention heads; `hidden_size` is a multiple of it."""

    max_position_embeddings: Annotated[int, Field(ge=1), Human()] = 2048
    """Longest sequence that the model takes, in tokens."""


class HFRewardModelConfig(HFModelConfig, frozen=True):
    """A model of the Hugging Face hub, or of a local folder, with a scalar head.

    The head of a causal language model is replaced by a new one; that of a reward model is kept.
    """

    type: Annotated[str, Named("huggingface_reward")] = "huggingface_reward"


class RandomLlamaRewardConfig(RandomLlamaConfig, frozen=True):
    """A Llama model of any size with random weights and a scalar head."""

    type: Annotated[str, Named("random_llama_reward")] = "random_llama_reward"
