"""The losses that a user begins with, one for each kind of batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from arctic_training.codegen.code import Code
from arctic_training.config.slots import ImportPath

__all__ = ["FirstLoss", "first_field", "first_loss"]


@dataclass(frozen=True, slots=True)
class FirstLoss:
    """What a loss begins as: its template, what that imports, and its words."""

    template: str
    needed: tuple[ImportPath, ...]
    words: Code
    field_name: str
    """The number among the fields of a definition that it reads, where there is one so called."""

    schema: tuple[str, ...]
    """What a definition says of that field, to begin with."""

    metrics: Mapping[str, Code] = field(default_factory=dict)
    """Sums of the metrics that can be computed from what the template computes, by their names."""


_TOKENS: Final = FirstLoss(
    "token_loss.py.j2",
    (
        ImportPath("arctic_training.data.batches", "IGNORE_INDEX"),
        ImportPath("arctic_training.losses.language_modeling", "next_token_logits"),
    ),
    Code("it is the cross-entropy of each token with loss."),
    "label_smoothing",
    (
        "type: number",
        "minimum: 0",
        "maximum: 1",
        "default: 0.0",
        "description: Share of a token's probability that all tokens get alike; an example.",
    ),
    {"accuracy": Code("(logits.argmax(-1) == labels).sum()")},
)
_PAIRS: Final = FirstLoss(
    "pair_loss.py.j2",
    (ImportPath("arctic_training.losses.preference", "answer_log_probabilities"),),
    Code("it ranks: `-log sigmoid(log p(chosen) - log p(rejected))` of each pair."),
    "beta",
    (
        "type: number",
        "exclusiveMinimum: 0",
        "default: 1.0",
        "description: How sharply the two answers of a pair are separated; an example.",
    ),
    {
        "accuracy": Code("(chosen > rejected).sum()"),
        "margin": Code("(chosen - rejected).detach().sum()"),
    },
)
_UNPAIRED: Final = FirstLoss(
    "unpaired_loss.py.j2",
    (ImportPath("arctic_training.losses.preference", "answer_log_probabilities"),),
    Code("it ranks: `-log sigmoid(log p)` of a good answer, `-log sigmoid(-log p)` of a bad one."),
    "beta",
    (
        "type: number",
        "exclusiveMinimum: 0",
        "default: 1.0",
        "description: How sharply good answers and bad ones are separated; an example.",
    ),
)
_BEGINNINGS: Final = {"PreferenceBatch": _PAIRS, "UnpairedBatch": _UNPAIRED}


def first_loss(batch: ImportPath) -> FirstLoss:
    """Return the loss that a trainer of some batch begins with."""
    return _BEGINNINGS.get(batch.name, _TOKENS)


def first_field(batch: ImportPath) -> list[Code]:
    """Return the field of a definition that a first loss of some batch reads, as lines of YAML."""
    beginning = first_loss(batch)
    return [Code(f"{beginning.field_name}:"), *(Code(f"  {line}") for line in beginning.schema)]
