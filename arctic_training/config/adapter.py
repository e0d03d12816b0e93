"""Recipe sections of adapters, one for each kind that PEFT makes and that is tested here."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias, cast, get_args

from pydantic import Field
from pydantic import GetCoreSchemaHandler as CoreHandler
from pydantic import GetJsonSchemaHandler as JSONHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from arctic_training.config.base import Config, Human
from arctic_training.config.markers import Only
from arctic_training.diagnostics.advice import because
from arctic_training.document.schema_forms import JSONSchema, tagged_by

__all__ = [
    "AdapterConfig",
    "AnyAdapter",
    "IA3Config",
    "LoHaConfig",
    "LoKrConfig",
    "LoRAConfig",
]

_Names: TypeAlias = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1, strict=False)
]
_NO_DORA: Final = because(
    "`from_pretrained` of transformers does not load the lengths with the adapter", "remove it"
)
_Rank: TypeAlias = Annotated[int, Field(ge=1), Human()]
_Share: TypeAlias = Annotated[float, Field(ge=0, lt=1), Human()]


class AdapterConfig(Config, frozen=True):
    """What every adapter of PEFT has: `pip install 'arctic-training-gen[peft]'`.

    The adapter is trained, and everything else stays.
    """

    task_type: Literal["CAUSAL_LM"] = "CAUSAL_LM"
    """What the model does."""

    target_modules: str | _Names | None = None
    """Layers that get one: the ends of their names; or a string, a regular expression of the whole
    name or `all-linear`. Null leaves it to PEFT, which knows the architecture.
    """

    modules_to_save: _Names | None = None
    """Layers that are trained as they are and saved with the adapter."""


class LoRAConfig(AdapterConfig, frozen=True):
    """Low-rank adaptation (Hu et al., 2021) by PEFT: `pip install 'arctic-training-gen[peft]'`.

    A layer's weight W becomes `W + lora_alpha / r * B A`; A and B, of rank r, are trained, and
    everything else stays.
    """

    peft_type: Annotated[Literal["LORA", "Lora"], Field(examples=["LORA"])]
    """The kind of adapter."""

    r: _Rank = 8
    """Rank of A and B."""

    lora_alpha: Annotated[float, Field(gt=0), Human()] = 8.0
    """Scale of the adapter, divided by `r`."""

    use_rslora: bool = False
    """Divide by the root of `r` instead (Kalajdzievski, 2023)."""

    use_dora: Annotated[Literal[False], Only(_NO_DORA)] = False
    """Whether the length of each column of a weight is trained as well (Liu et al., 2024)."""

    lora_dropout: _Share = 0.0
    """Share of the adapter's input that is dropped in training."""

    bias: Literal["none", "all", "lora_only"] = "none"
    """Which biases are trained: none, all, or those of the layers with an adapter."""


class IA3Config(AdapterConfig, frozen=True):
    """Scales of activations (Liu et al., 2022): a vector for each layer is trained."""

    peft_type: Annotated[Literal["IA3"], Field(examples=["IA3"])]
    """The kind of adapter."""

    feedforward_modules: str | _Names | None = None
    """Layers among `target_modules` whose input is scaled, and not their output. Null leaves it to
    PEFT, which knows the architecture."""


class LoHaConfig(AdapterConfig, frozen=True):
    """Low-rank Hadamard product (Hyeon-Woo et al., 2021): two products of low rank, multiplied."""

    peft_type: Annotated[Literal["LOHA", "LoHa"], Field(examples=["LOHA"])]
    """The kind of adapter."""

    r: _Rank = 8
    """Rank of both products."""

    alpha: Annotated[float, Field(gt=0), Human()] = 8.0
    """Scale of the adapter, divided by `r`."""

    rank_dropout: _Share = 0.0
    """Share of the rank that is dropped in training."""

    module_dropout: _Share = 0.0
    """Chance that a layer's adapter is left out of a step."""


class LoKrConfig(AdapterConfig, frozen=True):
    """Low-rank Kronecker product (Edalati et al., 2022; Yeh et al., 2023)."""

    peft_type: Annotated[Literal["LOKR", "LoKr"], Field(examples=["LOKR"])]
    """The kind of adapter."""

    r: _Rank = 8
    """Rank of the larger factor."""

    alpha: Annotated[float, Field(gt=0), Human()] = 8.0
    """Scale of the adapter, divided by `r`."""

    decompose_both: bool = False
    """Make the smaller factor one of low rank as well."""

    decompose_factor: Annotated[int, Field(ge=-1), Human()] = -1
    """Size of the smaller factor; -1 picks the one that divides the layer most evenly."""

    rank_dropout: _Share = 0.0
    """Share of the rank that is dropped in training."""

    module_dropout: _Share = 0.0
    """Chance that a layer's adapter is left out of a step."""


class _ByKind:
    """Marks a union of adapters that ``peft_type`` tells apart."""

    def __get_pydantic_core_schema__(self, union: object, handler: CoreHandler) -> CoreSchema:
        assert len(get_args(union)) > 1
        return handler.generate_schema(Annotated[union, Field(discriminator="peft_type")])

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: JSONHandler
    ) -> JsonSchemaValue:
        mapping: dict[str, str] = handler(core)["discriminator"]["mapping"]
        branches = {kind: {"$ref": reference} for kind, reference in mapping.items()}
        first, *others = cast(
            "list[dict[str, JSONSchema]]", tagged_by("peft_type", branches)["allOf"]
        )
        # Without its kind, a section is read as LoRA, so that its keys are found and proposed.
        condition = {key: part for key, part in first["if"].items() if key != "required"}
        kinds = {
            "description": "The kind of adapter.",
            "enum": [*branches],
            "examples": ["LORA"],
            "x-code": "unknown-adapter",
        }
        return {
            "type": "object",
            "properties": {"peft_type": kinds},
            "allOf": [{**first, "if": condition}, *others],
        }


AnyAdapter: TypeAlias = Annotated[LoRAConfig | IA3Config | LoHaConfig | LoKrConfig, _ByKind()]
"""An adapter of any kind."""
