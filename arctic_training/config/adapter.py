"""Recipe section of adapters."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from arctic_training.config.base import Config, Human

__all__ = ["LoRAConfig"]

_Names: TypeAlias = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1, strict=False)
]


class LoRAConfig(Config, frozen=True):
    """Low-rank adaptation (Hu et al., 2021) by PEFT: `pip install 'arctic-training-gen[peft]'`.

    A layer's weight W becomes `W + lora_alpha / r * B A`; A and B, of rank r, are trained, and
    everything else stays.
    """

    peft_type: Annotated[Literal["LORA", "Lora"], Field(examples=["LORA"])]
    """The kind of adapter."""

    task_type: Literal["CAUSAL_LM"] = "CAUSAL_LM"
    """What the model does."""

    r: Annotated[int, Field(ge=1), Human()] = 8
    """Rank of A and B."""

    lora_alpha: Annotated[float, Field(gt=0), Human()] = 8.0
    """Scale of the adapter, divided by `r`."""

    use_rslora: bool = False
    """Divide by the root of `r` instead (Kalajdzievski, 2023)."""

    lora_dropout: Annotated[float, Field(ge=0, lt=1), Human()] = 0.0
    """Share of the adapter's input that is dropped in training."""

    target_modules: str | _Names | None = None
    """Layers that get one: the ends of their names; or a text, a regular expression of the whole
    name or `all-linear`. Null leaves it to PEFT, which knows the architecture."""

    modules_to_save: _Names | None = None
    """Layers that are trained as they are and saved with the adapter."""

    bias: Literal["none", "all", "lora_only"] = "none"
    """Which biases are trained: none, all, or those of the layers with an adapter."""
