"""What a rule about changes is, and what it reports."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from arctic_training.definition.specification import TrainerSpec
from arctic_training.diagnostics import Span

__all__ = [
    "CONTRACTS",
    "Break",
    "Contract",
    "Find",
    "Rule",
    "field_rule",
    "rule",
    "whole",
    "with_field",
]


class Contract(StrEnum):
    """What somebody may rely on. Each holds what the next one does, and more."""

    PYTHON = "python"
    RECIPE = "recipe"
    CHECKPOINT = "checkpoint"

    @property
    def contains(self) -> frozenset[Contract]:
        """This contract and those within it."""
        order = list(Contract)
        return frozenset(order[order.index(self) :])


CONTRACTS: Final = {
    Contract.PYTHON: "code type-checks as before: names and types of the generated package",
    Contract.RECIPE: "a recipe is taken as before, and means what it meant",
    Contract.CHECKPOINT: "a run goes on from its checkpoint, by its recipe",
}
"""What each contract says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Where a change breaks something.

    ``new`` is the place in the definition as it is, or where it would be; ``old`` that in the
    definition as it was.
    """

    message: str
    new: Span
    old: Span | None = None
    hint: str = ""


Find: TypeAlias = Callable[[TrainerSpec, TrainerSpec], Iterator[Break]]
"""Compares a definition as it was with it as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A kind of change that breaks a contract: the innermost that it does.

    ``before``, ``breaks`` and ``holds`` are keys of a definition: as it was, after a change that
    breaks the rule, and after one near it that does not. Without keys, there is no definition.
    """

    name: str
    contract: Contract
    summary: str
    before: str
    breaks: str
    holds: str
    find: Find = field(repr=False)


def rule(contract: Contract, name: str, summary: str, find: Find, *examples: str) -> Rule:
    """Return a rule with its three examples: before, what breaks it, and what does not."""
    before, breaks, holds = examples
    return Rule(
        name=name,
        contract=contract,
        summary=summary,
        before=before,
        breaks=breaks,
        holds=holds,
        find=find,
    )


def field_rule(contract: Contract, name: str, summary: str, find: Find, *schemas: str) -> Rule:
    """Return a rule whose examples are those of a field `x` with some schemas."""
    return rule(contract, name, summary, find, *map(with_field, schemas))


def with_field(schema: str) -> str:
    """Return the keys of a definition with a field `x`."""
    return f"config_type: {{properties: {{x: {{{schema}}}}}}}\n"


_AROUND: Final = (
    "schema_version: 1\n",
    "name: mine\n",
    "extends: sft\n",
    "loss: mine_loss:mine_loss\n",
    "model_factory_type: [huggingface, random_llama]\n",
)


def whole(keys: str) -> str:
    """Return the definition that some keys of an example stand for."""
    given = set(re.findall(r"^(\w+):", keys, re.MULTILINE))
    return "".join(line for line in _AROUND if line.partition(":")[0] not in given) + keys
