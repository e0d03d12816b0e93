"""What a rule about changes is, and what it reports."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, TypeAlias

from arctic_training.definition.definition import Definition
from arctic_training.definition.rules import Finding, Rule
from arctic_training.diagnostics import Related, Span
from arctic_training.diagnostics.diagnostic import Page

__all__ = [
    "CONTRACTS",
    "BreakingRule",
    "Comparison",
    "Contract",
    "Find",
    "broken",
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
    Contract.RECIPE: "a recipe is accepted as before, and has the same meaning",
    Contract.CHECKPOINT: "a run resumes from its checkpoint, with its recipe",
}
"""What each contract says."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A definition as it was and as it is."""

    old: Definition
    new: Definition


Find: TypeAlias = Callable[[Definition, Definition], Iterator[Finding]]
"""Compares a definition as it was with it as it is."""


def broken(*, message: str, new: Span, old: Span | None = None) -> Finding:
    """Return the finding of a change.

    ``new`` is the place in the definition as it is, or where it would be; ``old`` that in the
    definition as it was.
    """
    related = (Related("as it was", old),) if old else ()
    return Finding(message=message, span=new, related=related)


_BROKEN: Final = {
    Contract.PYTHON: "code that uses the trainer",
    Contract.RECIPE: "recipes, and code that uses the trainer",
    Contract.CHECKPOINT: "checkpoints, recipes, and code that uses the trainer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakingRule(Rule[Comparison]):
    """A kind of change that breaks a contract: the innermost that it does.

    ``before``, ``breaks`` and ``holds`` are keys of a definition: as it was, after a change that
    breaks the rule, and after one near it that does not. Without keys, there is no definition.
    """

    page: ClassVar[Page] = "breaking"

    contract: Contract
    before: str
    breaks: str
    holds: str

    @property
    def default_note(self) -> str:
        """What the change breaks."""
        return f"breaks {_BROKEN[self.contract]}"


def rule(contract: Contract, name: str, summary: str, find: Find, *examples: str) -> BreakingRule:
    """Return a rule with its three examples: before, what breaks it, and what does not."""
    before, breaks, holds = examples
    return BreakingRule(
        name=name,
        contract=contract,
        summary=summary,
        before=before,
        breaks=breaks,
        holds=holds,
        find=lambda comparison: find(comparison.old, comparison.new),
    )


def field_rule(
    contract: Contract, name: str, summary: str, find: Find, *schemas: str
) -> BreakingRule:
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
